"""A program that used a client exits as its author wants."""

import subprocess
import sys
import unittest

from integration.server_process import ServerProcess
from oracle import golden

# Exits at once where the interpreter would take its time first, and takes its time after gRPC's own end: whatever gRPC
# still does on its threads happens then.
BEGIN = """
import asyncio
import ctypes
import sys

libc = ctypes.CDLL(None)
libc.__cxa_atexit(libc.usleep, ctypes.c_void_p(200_000), None)
import attnd
"""
BLOCKING = """
client = attnd.Client(sys.argv[1])
client.embed([[1, 2]])
client.close()
del client
"""
ASYNCHRONOUS = """
async def main():
    async with attnd.AsyncClient(sys.argv[1]) as client:
        await client.embed([[1, 2]])

asyncio.run(main())
"""
END = "libc.exit(0)\n"


class ExitTest(unittest.TestCase):
    """On the tiny checkpoint."""

    def test_an_exit_right_after_the_client_is_closed_is_no_crash(self) -> None:
        with ServerProcess(f"--model={golden.folder('tiny')}") as server:
            for program in (BLOCKING, ASYNCHRONOUS):
                with self.subTest(program):
                    # A name, for which gRPC asks on another thread.
                    target = server.address.replace("127.0.0.1", "localhost")
                    command = [sys.executable, "-c", BEGIN + program + END, target]
                    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
                    self.assertEqual((result.returncode, result.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
