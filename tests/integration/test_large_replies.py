"""All logits of 1024 tokens of the default model, 206 MB, in chunks: the bytes of one message, and once in memory."""

import unittest
from pathlib import Path

import grpc

from attnd.v1 import inference_pb2 as pb
from integration.messages import ids_input
from integration.sanitizer import KEEPS_FREED_MEMORY
from integration.server_process import ServerProcess
from integration.waiting import wait_until

TOKENS = 1024
VOCABULARY = 50257
LOGITS_BYTES = 4 * TOKENS * VOCABULARY
CHUNK_BYTES = 1 << 20
LONG = ids_input(list(range(TOKENS)))


def item(number: int, **options) -> pb.ForwardStreamRequest:
    return pb.ForwardStreamRequest(id=number, input=LONG, logits=pb.POSITIONS_ALL, max_chunk_bytes=CHUNK_BYTES, **options)


class Memory:
    """Of a process, in bytes, as Linux counts it."""

    def __init__(self, pid: int):
        self._folder = Path(f"/proc/{pid}")

    def _field(self, name: str) -> int:
        for line in (self._folder / "status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
        raise KeyError(name)

    def resident(self) -> int:
        return self._field("VmRSS")

    def peak(self) -> int:
        """Since forget_peak."""
        return self._field("VmHWM")

    def forget_peak(self) -> None:
        (self._folder / "clear_refs").write_text("5")


def assemble(stream) -> tuple[bytearray, pb.ForwardStreamResponse, int]:
    """The logits of one item, its last message, and how many chunks there were."""
    data = bytearray(LOGITS_BYTES)
    size = chunks = 0
    for reply in stream:
        if reply.WhichOneof("outcome") != "chunk":
            return data, reply, chunks
        assert reply.chunk.logits and list(reply.chunk.shape) == [TOKENS, VOCABULARY]
        assert reply.chunk.offset == size and len(reply.chunk.data) <= CHUNK_BYTES
        data[size:size + len(reply.chunk.data)] = reply.chunk.data
        size += len(reply.chunk.data)
        chunks += 1
    raise AssertionError("the stream ended without a result")


class LargeRepliesTest(unittest.TestCase):
    """The default model."""

    def test_chunks_have_the_bytes_of_one_message_and_the_server_holds_them_once(self) -> None:
        with ServerProcess(f"--max_reply_bytes={256 << 20}") as server:
            memory = Memory(server.process.pid)
            # What a pass and a stream of this length take whatever they return.
            warm_up = pb.ForwardStreamRequest(input=LONG, token_log_probabilities=True)
            list(server.stub.ForwardStream(iter([warm_up]), timeout=60))
            resting = memory.resident()
            memory.forget_peak()
            data, last, chunks = assemble(server.stub.ForwardStream(iter([item(7)]), timeout=60))
            grown = memory.peak() - resting
            print(f"{LOGITS_BYTES / 1e6:.0f} MB of logits in {chunks} chunks: the server grew by {grown / 1e6:.0f} MB")
            self.assertEqual(chunks, -(-LOGITS_BYTES // CHUNK_BYTES))
            self.assertEqual(last.id, 7)
            self.assertEqual(list(last.result.logits.shape), [TOKENS, VOCABULARY])
            self.assertEqual(last.result.logits.data, b"")
            if not KEEPS_FREED_MEMORY:
                self.assertLess(grown, 1.5 * LOGITS_BYTES)
            whole = server.stub.Forward(pb.ForwardRequest(inputs=[LONG], logits=pb.POSITIONS_ALL)).results[0]
            self.assertTrue(whole.logits.data == data)

    def test_the_default_limits_let_chunks_pass_and_nothing_else_as_large(self) -> None:
        with ServerProcess() as server:
            limits = server.stub.GetModel(pb.GetModelRequest()).limits
            self.assertEqual(limits.max_chunked_reply_bytes, 512 << 20)
            with self.assertRaises(grpc.RpcError) as raised:
                server.stub.Forward(pb.ForwardRequest(inputs=[LONG], logits=pb.POSITIONS_ALL))
            self.assertIn("(max_reply_bytes)", raised.exception.details())
            # Between its chunks nothing else comes, and what else the stream asks for comes in whole messages.
            small = pb.ForwardStreamRequest(id=2, input=ids_input([1]), logits=pb.POSITIONS_LAST)
            ids = [reply.id for reply in server.stub.ForwardStream(iter([item(1), small]), timeout=60)]
            self.assertEqual(ids.count(2), 1)
            self.assertIn(ids.index(2), (0, len(ids) - 1))

    def test_a_caller_who_goes_away_between_chunks_leaves_nothing_behind(self) -> None:
        with ServerProcess("--max_pending_reply_bytes=300000000") as server:
            stream = server.stub.ForwardStream(iter([item(1)]), timeout=60)
            self.assertEqual(next(stream).WhichOneof("outcome"), "chunk")
            # Its results count until its last message has left.
            [refused] = server.stub.ForwardStream(iter([item(2)]), timeout=60)
            self.assertEqual(refused.status.code, grpc.StatusCode.RESOURCE_EXHAUSTED.value[0])
            self.assertIn("are computed or not yet read", refused.status.message)
            stream.cancel()
            held = 'attnd_stream_items{method="ForwardStream"}'
            wait_until(lambda: server.metric(held) == 0, "nothing is held")
            data, last, _ = assemble(server.stub.ForwardStream(iter([item(3)]), timeout=60))
            self.assertEqual(last.WhichOneof("outcome"), "result")
            self.assertEqual(len(data), LOGITS_BYTES)


if __name__ == "__main__":
    unittest.main()
