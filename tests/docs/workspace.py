"""The folder in which the blocks of a document run: as a clone after a build, where nothing of ours is written to."""

import json
import os
import re
import shutil
import subprocess
import unittest
from pathlib import Path

from docs.code_blocks import CodeBlock
from integration.certificates import Authority
from interop.npm_modules import npm_modules
from oracle import golden

REPOSITORY = Path(__file__).parents[2]
VOCABULARY = 50257
BLOCK_TIMEOUT_SECONDS = 120
# A line that starts a server ends when it serves, as if it had been typed in a terminal of its own; PID is its process. The
# next such line, and the end of the block, stop it as an operator would.
SERVERS = r"""
attnd() {
  stop_attnd
  exec {attnd_says}< <(exec attnd "$@")
  PID=$!
  local line
  while read -r line <&"$attnd_says"; do [[ $line == "attnd ready: "* ]] && return; done
  return 1
}
stop_attnd() {
  [[ ${PID-} ]] || return 0
  kill "$PID"
  wait "$PID"
  PID=
}
"""


class Workspace:
    """A folder with what the repository has; sources that are built from are copies."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "build").mkdir()
        # Documents speak of the release build, whichever this is.
        (folder / "build" / "release").symlink_to(Path(os.environ["ATTND_SERVER"]).parents[1])
        for name in ("client", "proto"):
            shutil.copytree(REPOSITORY / name, folder / name)
        (folder / "DIR").symlink_to(golden.folder("tiny"))
        self._make_models()
        authority = Authority(folder, "clients-ca")
        authority.issue("server", 1)
        (folder / "questions.txt").write_text("How is it tested?\nWhat does it cost?\nWho may call it?\n")

    def _make_models(self) -> None:
        """What documents know as /models; and /run/attnd."""
        models = self.folder / "models"
        models.mkdir()
        (self.folder / "run" / "attnd").mkdir(parents=True)
        for name in ("v1", "v2", "gpt2-v2"):
            shutil.copytree(golden.folder("tiny"), models / name)
        (models / "current").symlink_to("v1")

    def make_gpt2(self) -> Path:
        """A small model with as many tokens as GPT-2, so that the ids in documents are tokens."""
        model = self.folder / "gpt2"
        subprocess.run([os.environ["ATTND_MODEL"], "init", model, "--layers=4", "--width=64", "--heads=4"], check=True,
                       capture_output=True)
        tiny = golden.folder("tiny")
        shutil.copy(tiny / "merges.txt", model)
        vocabulary = json.loads((tiny / "vocab.json").read_text())
        # No text has them, but they may be the likeliest.
        vocabulary |= {f"<{id_}>": id_ for id_ in range(len(vocabulary), VOCABULARY)}
        (model / "vocab.json").write_text(json.dumps(vocabulary))
        return model

    def run(self, block: CodeBlock) -> subprocess.CompletedProcess:
        """Skips the test where what a block needs is not to be had."""
        build = self.folder / "build" / "release"
        environment = os.environ | {"PATH": f"{build / 'server'}:{build / 'client'}:{os.environ['PATH']}"}
        # Tests' own modules are not what a reader has.
        environment.pop("PYTHONPATH", None)
        python = self.folder / "venv" / "bin" / "python"
        shell = ["bash", "-euo", "pipefail", "-c", f"{SERVERS}{self._here(block.text)}stop_attnd"]
        command = {
            "": shell,
            "sh": shell,
            "python": [python if python.exists() else "python3", "-c", block.text],
            "js": ["node", "-e", block.text],
            # CMake has made a program of it.
            "cpp": [os.environ.get("ATTND_DOCUMENT_PROGRAM", "")],
        }.get(block.language)
        assert command, f"no way to run {block.language}; mark the block as not run"
        if block.language == "js" or "buf " in block.text:
            modules = npm_modules()
            environment["NODE_PATH"] = str(modules)
            environment["PATH"] = f"{modules / '.bin'}:{environment['PATH']}"
            environment["BUF_CACHE_DIR"] = str(self.folder / "buf-cache")
        return subprocess.run(command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=BLOCK_TIMEOUT_SECONDS, check=False)

    def _here(self, text: str) -> str:
        """With the folders that documents name at the top of the file system in this one."""
        return re.sub(r"(?<![\w.])/(models|run/attnd)\b", rf"{self.folder}/\1", text)


def check(test: unittest.TestCase, workspace: Workspace, blocks: list[CodeBlock]) -> None:
    """Runs those that are not marked, in their order: each succeeds."""
    ran = 0
    for block in blocks:
        if block.reason is None:
            with test.subTest(line=block.line):
                result = workspace.run(block)
                test.assertEqual(result.returncode, 0, f"{block.text}\n{result.stdout}\n{result.stderr}")
                ran += 1
    test.assertGreater(ran, 0)
