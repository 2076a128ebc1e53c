"""docs/operations.md has every flag of `attnd --help` once, with its default, and names none that no program has."""

import os
import re
import subprocess
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
DOCUMENT = REPOSITORY / "docs" / "operations.md"
# | `--name` | `default` | ...
ROW = re.compile(r"^\| `--(\w+)` \| `([^`]*)` \|", re.MULTILINE)
# What every program has, and what docker has.
OTHERS = {"help", "health-cmd"}


def help_of(variable: str) -> str:
    """What the program of that environment variable says of itself."""
    return subprocess.run([os.environ[variable], "--help"], capture_output=True, text=True, timeout=60).stdout


def server_flags() -> dict[str, str]:
    """Defaults by name, as `attnd --help` prints them: --name (text); default: value;"""
    entries = re.split(r"^    --", help_of("ATTND_SERVER").split("\nTry --helpfull")[0], flags=re.MULTILINE)[1:]
    return {entry.split()[0]: re.search(r"\);\s+default: (.*?);", entry)[1] for entry in entries}


class FlagsDocumentTest(unittest.TestCase):
    """Both directions."""

    def test_the_document_and_the_help_agree(self) -> None:
        rows = ROW.findall(DOCUMENT.read_text(encoding="utf-8"))
        documented = {name: default for name, default in rows}
        self.assertEqual(len(rows), len(documented), "a flag has two rows")
        # Strings stand in quotes in the help, and only the empty one in the document.
        expected = {name: default.strip('"') or '""' for name, default in server_flags().items()}
        self.assertGreater(len(expected), 40)
        self.maxDiff = None
        self.assertEqual(documented, expected)

    def test_every_flag_named_in_the_document_exists(self) -> None:
        known = set(server_flags()) | OTHERS
        for variable in ("ATTND_CTL", "ATTND_LOAD", "ATTND_MODEL"):
            known |= set(re.findall(r"--(\w+)", help_of(variable)))
        # ./dev's commands and docker have flags of their own.
        text = re.sub(r"(\./dev \w+|docker )[^`\n]*", "", DOCUMENT.read_text(encoding="utf-8"))
        self.assertEqual(set(re.findall(r"(?<![\w-])--([a-z][\w-]*)", text)) - known, set())


if __name__ == "__main__":
    unittest.main()
