"""Many calls at once from one thread, which the server batches: python3 concurrent_calls.py ADDRESS CALLS"""

import asyncio
import sys

import attnd


async def main(address: str, calls: int) -> None:
    async with attnd.AsyncClient(address) as client:
        replies = await asyncio.gather(*(client.forward([[1, 2, i]], logits="last") for i in range(calls)))
    batched = max(reply.timing.batch_requests for reply in replies)
    print(f"{len(replies)} calls, up to {batched} of them computed together")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
