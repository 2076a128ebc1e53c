"""The code blocks of a document, and which of them are only illustrations.

A block that is not to be run has a comment on the line before it, which readers do not see:

    <!-- not run: REASON -->

What calls Docker needs none: the tests of tests/deploy and of Compose do, where there is an engine.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^(?:<!-- not run: (?P<reason>[^\n]+) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$",
                    re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class CodeBlock:
    """Text between two fences."""

    line: int  # of its first line in the document
    language: str  # "" where none is named: shell
    text: str
    reason: str | None  # why it is not run


def read(document: Path) -> list[CodeBlock]:
    """All of a document, in their order."""
    text = document.read_text(encoding="utf-8")
    found = []
    for match in _BLOCK.finditer(text):
        reason = match["reason"] or ("it calls Docker" if match["text"].startswith("docker ") else None)
        found.append(CodeBlock(text.count("\n", 0, match.start("text")) + 1, match["language"], match["text"], reason))
    assert 2 * len(found) == len(re.findall("^```", text, re.MULTILINE)), f"{document} has a fence that is no block's"
    return found


def main(document: Path, language: str, target: Path) -> None:
    """Writes the one block of a language into a file, for CMake."""
    [block] = [block for block in read(document) if block.language == language and block.reason is None]
    target.write_text(block.text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
