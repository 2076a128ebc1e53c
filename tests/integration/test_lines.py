"""attndctl embed --out and attndctl similar: files of lines, against a real server, and NumPy."""

import io
import json
import os
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np

from attnd.v1 import inference_pb2 as pb
from integration.api_keys import ApiKey
from integration.messages import to_array
from integration.server_process import ServerProcess
from integration.waiting import wait_until
from oracle import golden

REJECTED = 'attnd_rejected_total{{method="{}",reason="{}"}}'
MODEL = f"--model={golden.folder('tiny')}"
WORDS = "the stack has sixteen layers and every layer looks at all that came before it".split()
# A few words each, of every length, some of them the same.
LINES = [" ".join(WORDS[i % 5:i % 5 + 1 + i % 9]) for i in range(600)]


def embed(server: ServerProcess, lines: list[str], **options) -> np.ndarray:
    """The vectors that unary calls give."""
    rows = []
    for start in range(0, len(lines), 200):
        inputs = [pb.Input(text=line) for line in lines[start:start + 200]]
        rows.append(to_array(server.stub.Embed(pb.EmbedRequest(inputs=inputs, **options)).embeddings))
    return np.concatenate(rows)


class LinesTest(unittest.TestCase):
    """A folder for files, and the tool."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.out = self.folder / "vectors.npy"

    def write(self, lines: list[str]) -> str:
        """The flag that names a file of these lines."""
        path = self.folder / "lines.txt"
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        return f"--text_lines={path}"

    def command(self, server: ServerProcess, *arguments: str) -> list[str]:
        return [os.environ["ATTND_CTL"], *arguments, f"--server={server.address}"]

    def run_tool(self, server: ServerProcess, *arguments: str, **options) -> subprocess.CompletedProcess:
        return subprocess.run(self.command(server, *arguments), capture_output=True, text=True, timeout=120, **options)

    def json_of(self, server: ServerProcess, *arguments: str, **options) -> dict:
        result = self.run_tool(server, *arguments, "--output=json", **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def assert_nothing_left(self) -> None:
        self.assertEqual([path.name for path in self.folder.iterdir()], ["lines.txt"])


class OneServerTest(LinesTest):
    """What needs no server of its own."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(ServerProcess(MODEL, "--max_stream_items=16"))

    def test_the_file_is_numpys_with_the_bytes_of_unary_calls_in_the_lines_order(self) -> None:
        summary = self.json_of(self.server, "embed", self.write(LINES), f"--out={self.out}", "--pooling=mean")
        expected = embed(self.server, LINES, pooling=pb.POOLING_MEAN)
        np.testing.assert_array_equal(np.load(self.out, allow_pickle=False), expected)
        by_numpy = io.BytesIO()
        np.save(by_numpy, expected)
        self.assertEqual(self.out.read_bytes(), by_numpy.getvalue())
        counts = [len(self.server.stub.Tokenize(pb.TokenizeRequest(text=line)).ids) for line in LINES]
        self.assertEqual(summary["token_count"], sum(counts))
        self.assertEqual((summary["line_count"], summary["shape"]), (600, [600, 64]))
        self.assertEqual(summary["model_version"], self.server.stub.GetModel(pb.GetModelRequest()).model_version)
        self.assertGreater(summary["tokens_per_second"], 0)

    def test_dimensions_and_raw_vectors_and_cut_lines(self) -> None:
        lines = [*LINES[:10], "layers " * 100]
        summary = self.json_of(self.server, "embed", self.write(lines), f"--out={self.out}", "--dimensions=5",
                               "--normalize=false", "--truncate")
        expected = embed(self.server, lines, dimensions=5, normalize=False, truncate=True)
        np.testing.assert_array_equal(np.load(self.out), expected)
        self.assertEqual((summary["shape"], summary["truncated_count"]), ([11, 5], 1))

    def test_lines_come_from_standard_input_and_may_be_any_bytes(self) -> None:
        result = subprocess.run(self.command(self.server, "embed", "--text_lines=-", "--bytes", f"--out={self.out}"),
                                input=b"layers\xff\nlast", capture_output=True, timeout=60, check=True)
        self.assertIn(b"2 lines, ", result.stdout)
        inputs = [pb.Input(text_bytes=b"layers\xff"), pb.Input(text_bytes=b"last")]
        expected = to_array(self.server.stub.Embed(pb.EmbedRequest(inputs=inputs)).embeddings)
        np.testing.assert_array_equal(np.load(self.out), expected)

    def test_an_empty_file_is_an_array_of_no_rows(self) -> None:
        self.assertEqual(self.json_of(self.server, "embed", self.write([]), f"--out={self.out}")["line_count"], 0)
        self.assertEqual(np.load(self.out).shape, (0, 64))

    def test_a_line_that_fails_is_named_and_no_file_is_left(self) -> None:
        for bad, reason in (("layers " * 100, "line 301 of .*lines.txt: input.text has .* tokens, must have 1 to 64"),
                            ("", "line 301 of .*lines.txt is empty")):
            result = self.run_tool(self.server, "embed", self.write([*LINES[:300], bad, *LINES]), f"--out={self.out}")
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertRegex(result.stderr, f"attndctl: INVALID_ARGUMENT: {reason}")
            self.assert_nothing_left()

    def test_a_disk_that_is_full_leaves_no_file(self) -> None:
        limited = ["prlimit", "--fsize=20000", *self.command(self.server, "embed", self.write(LINES), f"--out={self.out}")]
        result = subprocess.run(["env", "--ignore-signal=XFSZ", *limited], capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"attndctl: .*vectors.npy.*: cannot be written")
        self.assert_nothing_left()

    def test_the_nearest_lines_are_those_that_numpy_finds(self) -> None:
        query = "sixteen layers"
        vectors = embed(self.server, LINES).astype(np.float64)
        nearest = embed(self.server, [query]).astype(np.float64)[0]
        cosines = vectors @ nearest / (np.linalg.norm(vectors, axis=1) * np.linalg.norm(nearest))
        found = self.json_of(self.server, "similar", "--text", query, self.write(LINES), "--top=20")
        self.assertEqual(len(found["matches"]), 20)
        for match in found["matches"]:
            self.assertEqual(match["text"], LINES[match["line"] - 1])
            self.assertAlmostEqual(match["cosine"], cosines[match["line"] - 1], places=12)
        order = [(-match["cosine"], match["line"]) for match in found["matches"]]
        self.assertEqual(order, sorted(order))
        self.assertAlmostEqual(found["matches"][0]["cosine"], cosines.max(), places=12)

        self.json_of(self.server, "embed", self.write(LINES), f"--out={self.out}")
        again = self.json_of(self.server, "similar", "--text", query, self.write(LINES), "--top=20",
                             f"--vectors={self.out}")
        self.assertEqual(again, found)

    def test_vectors_that_numpy_has_saved_in_other_ways_are_read_or_refused(self) -> None:
        lines = self.write(LINES[:3])
        vectors = embed(self.server, LINES[:3])
        for array, reason in ((vectors, None), (vectors.astype("<f8"), "has elements of type '<f8'"),
                              (vectors.astype(">f4"), "has elements of type '>f4'"), (vectors[0], r"has shape \(64\)"),
                              (np.asfortranarray(vectors), "is in Fortran's order"),
                              (vectors[:2], "--vectors has 2 rows, must have 3"),
                              (np.array([{"a": 1}]), "has elements of type '|O'")):
            np.save(self.out, array)
            result = self.run_tool(self.server, "similar", "--text", "layers", lines, f"--vectors={self.out}")
            self.assertEqual(result.returncode, 0 if reason is None else 1, result.stderr)
            if reason:
                self.assertRegex(result.stderr, reason)


class PushbackTest(LinesTest):
    """A server that has no room for all lines at once, or will not have for a while."""

    def test_lines_that_a_full_queue_refuses_are_sent_again(self) -> None:
        with ServerProcess(MODEL, "--max_queue_requests=2") as server:
            summary = self.json_of(server, "embed", self.write(LINES), f"--out={self.out}")
            refused = server.metric(REJECTED.format("Embed", "queue_requests"))
            expected = embed(server, LINES)
        np.testing.assert_array_equal(np.load(self.out), expected)
        self.assertGreater(summary["refusal_count"], 0)
        self.assertEqual(summary["refusal_count"], refused)

    def keys(self, rate: str) -> tuple[ApiKey, str]:
        key = ApiKey("indexer", "Embed,GetModel", rate)
        path = self.folder.parent / f"{self.folder.name}-keys"
        path.write_text(key.line)
        self.addCleanup(path.unlink)
        return key, f"--api_keys={path}"

    def test_a_key_without_tokens_left_is_waited_for(self) -> None:
        key, flag = self.keys("tokens_per_second=300 burst_tokens=100")
        lines = LINES[:60]
        with ServerProcess(MODEL, flag) as server:
            summary = self.json_of(server, "embed", self.write(lines), f"--out={self.out}",
                                   env={**os.environ, "ATTND_API_KEY": key.text})
        self.assertGreater(summary["refusal_count"], 0)
        self.assertGreater(summary["seconds"], (summary["token_count"] - 100) / 300)
        self.assertEqual(np.load(self.out).shape, (60, 64))

    def test_an_interrupted_run_leaves_no_file(self) -> None:
        key, flag = self.keys("tokens_per_second=1 burst_tokens=30")
        with ServerProcess(MODEL, flag) as server:
            tool = subprocess.Popen(self.command(server, "embed", self.write(LINES), f"--out={self.out}"),
                                    env={**os.environ, "ATTND_API_KEY": key.text}, stderr=subprocess.PIPE, text=True)
            refused = REJECTED.format("EmbedStream", "rate_limited")
            wait_until(lambda: len(list(self.folder.iterdir())) == 2 and server.metric(refused) > 0, "a line is refused")
            tool.send_signal(signal.SIGINT)
            _, errors = tool.communicate(timeout=60)
        self.assertEqual(tool.returncode, 1)
        self.assertIn("attndctl: CANCELLED: interrupted; nothing was written\n", errors)
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
