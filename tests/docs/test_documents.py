"""Every block of README and of some documents runs as it is printed, or says why not."""

import tempfile
import unittest
from pathlib import Path

from docs import private_network
from docs.code_blocks import read
from docs.workspace import REPOSITORY, Workspace, check
from integration.server_process import ServerProcess
from interop.npm_modules import npm_modules

DEFAULT_ADDRESSES = ("--address=127.0.0.1:50051", "--metrics_address=127.0.0.1:9464")


def setUpModule() -> None:
    try:
        npm_modules()  # may have to be fetched, which it cannot be from within
    except unittest.SkipTest:
        pass
    private_network.enter()


class CallersDocumentsTest(unittest.TestCase):
    """A workspace each, beside a server at the default addresses."""

    def check_document(self, name: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            workspace = Workspace(Path(folder))
            with ServerProcess(f"--model={workspace.make_gpt2()}", *DEFAULT_ADDRESSES):
                check(self, workspace, read(REPOSITORY / name))

    def test_readme(self) -> None:
        self.check_document("README.md")

    def test_clients(self) -> None:
        self.check_document("docs/clients.md")

    def test_open_inference_protocol(self) -> None:
        self.check_document("docs/open-inference-protocol.md")


class OperatorsDocumentsTest(unittest.TestCase):
    """A workspace each; servers are those that blocks start."""

    def check_document(self, name: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            check(self, Workspace(Path(folder)), read(REPOSITORY / name))

    def test_operations(self) -> None:
        self.check_document("docs/operations.md")

    def test_security(self) -> None:
        self.check_document("docs/security.md")


if __name__ == "__main__":
    unittest.main()
