"""Tokenises what the oracle tokenises, and compares every id and every byte range."""

import json
import os
import random
import subprocess
import sys
import tempfile
import unicodedata
import unittest
from pathlib import Path

from oracle import bpe, golden

STRING_COUNT = 100_000
WORDS = "The stack has sixteen layers and each layer mixes tokens with attention it's they'll we've 'd 42 3.14".split()
SPACES = [" ", " ", " ", "  ", "\n", "\t", "\r\n", "\u00a0", "\u2003", "\u3000", "\u0085", "\u180e", "\u200b", "\x1f"]


def assigned_characters() -> list[str]:
    """Characters that this Python's Unicode knows: PCRE2's is newer, and may know letters where this one has none."""
    codes = range(sys.maxunicode + 1)
    return [chr(code) for code in codes if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co")]


def random_strings(seed: int, count: int) -> list[str]:
    """Words, spaces, characters of all of Unicode, runs of one of them, and special tokens, in any order."""
    choose = random.Random(seed)
    characters = assigned_characters()
    latin = [chr(code) for code in range(1, 0x250)]
    pieces = [
        lambda: choose.choice(WORDS),
        lambda: choose.choice(SPACES),
        lambda: choose.choice(characters),
        lambda: "".join(choose.choices(characters, k=choose.randrange(6))),
        lambda: "".join(choose.choices(latin, k=choose.randrange(8))),
        lambda: choose.choice(latin) * choose.randrange(20),
        lambda: str(choose.randrange(10**6)),
    ]
    rare = ["<|endoftext|>", "<|endoftext", "'s", "'LL", "👩‍👩‍👧", "e\u0301"]
    strings = []
    for _ in range(count):
        parts = [choose.choice(pieces)() for _ in range(choose.randrange(8))]
        if choose.random() < 0.1:
            parts.insert(choose.randrange(len(parts) + 1), choose.choice(rare))
        strings.append("".join(parts))
    return strings


def random_vocabulary(folder: Path, seed: int) -> None:
    """A vocabulary of merges in no order of learning, several of which may make one token."""
    choose = random.Random(seed)
    tokens = bpe.byte_letters()
    merges: dict[tuple[str, str], None] = {}
    common = [bpe.byte_letters()[byte] for byte in b"aehilnorst  "]
    for _ in range(2000):
        left, right = choose.choice(common), choose.choice(common)
        if len(left + right) <= 12:
            merges[(left, right)] = None
            common.append(left + right)
    ids = {token: i for i, token in enumerate(dict.fromkeys(tokens + common + ["<|endoftext|>"]))}
    lines = [" ".join(merge) for merge in merges]
    choose.shuffle(lines)
    (folder / "vocab.json").write_text(json.dumps(ids), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *lines, ""]), encoding="utf-8")


def tokenize(folder: Path, strings: list[str]) -> list[list[list[int]]]:
    lines = "\n".join(json.dumps(string) for string in strings)
    done = subprocess.run(
        [os.environ["ATTND_TOKENIZE_LINES"], folder], input=lines, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


class OracleTest(unittest.TestCase):
    def compare(self, folder: Path, strings: list[str]) -> None:
        oracle = bpe.Tokenizer(folder)
        for string, tokens in zip(strings, tokenize(folder, strings), strict=True):
            self.assertEqual(tokens, oracle.encode(string), repr(string))

    def test_random_strings_have_the_tokens_of_the_published_algorithm(self):
        self.compare(golden.folder("tiny"), random_strings(1, STRING_COUNT))

    def test_merges_in_no_order_are_made_in_the_order_of_their_ranks(self):
        with tempfile.TemporaryDirectory() as name:
            random_vocabulary(Path(name), 2)
            self.compare(Path(name), random_strings(3, 5_000))

    def test_the_oracle_agrees_with_hugging_face(self):
        for name in ("tiny", "stack16"):
            with self.subTest(name):
                folder = golden.folder(name)
                oracle = bpe.Tokenizer(folder)
                for case in json.loads((folder / "cases.json").read_text(encoding="utf-8")):
                    self.assertEqual([token[0] for token in oracle.encode(case["text"])], case["ids"])


if __name__ == "__main__":
    unittest.main()
