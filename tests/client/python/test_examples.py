"""The examples of the Python package run as they are."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

from integration.server_process import ServerProcess
from oracle import golden

EXAMPLES = Path(__file__).parents[3] / "client" / "python" / "examples"


class ExamplesTest(unittest.TestCase):
    """On the tiny checkpoint."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(ServerProcess(f"--model={golden.folder('tiny')}"))
        cls.ran = set()

    @classmethod
    def tearDownClass(cls) -> None:
        missing = {path.name for path in EXAMPLES.glob("*.py")} - cls.ran
        assert not missing, f"no test runs {missing}"

    def run_example(self, name: str, *arguments: str) -> list[str]:
        """The lines it prints."""
        self.ran.add(name)
        command = [sys.executable, EXAMPLES / name, self.server.address, *arguments]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout.splitlines()

    def test_embed(self) -> None:
        lines = self.run_example("embed.py", "Hello world", "Hello world", "The stack has sixteen layers")
        self.assertEqual(lines[:2], ["1.000  Hello world"] * 2)
        self.assertRegex(lines[2], r"^-?0\.\d{3}  The stack has sixteen layers$")

    def test_score(self) -> None:
        lines = self.run_example("score.py", "Hello world")
        self.assertRegex(lines[0], r"^8 tokens, log-probability -\d+\.\d\d, perplexity \d+\.\d$")
        self.assertEqual(len(lines), 4)

    def test_stream(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            lines, out = Path(folder) / "lines.txt", Path(folder) / "out.npy"
            lines.write_text("".join(f"line {i}\n" for i in range(300)))
            self.assertEqual(self.run_example("stream.py", str(lines), str(out)), ["300 lines"])
            vectors = np.load(out)
            self.assertEqual((vectors.shape, vectors.dtype), ((300, 64), np.dtype(np.float32)))

    def test_concurrent_calls(self) -> None:
        [line] = self.run_example("concurrent_calls.py", "100")
        self.assertRegex(line, r"^100 calls, up to \d+ of them computed together$")


if __name__ == "__main__":
    unittest.main()
