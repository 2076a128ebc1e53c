"""GPT-2's byte-level byte pair encoding, as published, one merge after the other: slow, and plain to read."""

import json
import re
import sys
import unicodedata
from pathlib import Path

# Unicode's White_Space. Python's own \\s has U+001C to U+001F, too.
_SPACE = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"


def _ranges(first_letter: str) -> str:
    """The characters whose general category begins with `first_letter`, for a class of a regular expression."""
    ranges = []
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code))[0] != first_letter:
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\U{begin:08x}-\\U{end:08x}" for begin, end in ranges)


def _pattern() -> re.Pattern:
    letters, numbers = _ranges("L"), _ranges("N")
    return re.compile(
        f"'s|'t|'re|'ve|'m|'ll|'d| ?[{letters}]+| ?[{numbers}]+| ?[^{_SPACE}{letters}{numbers}]+"
        f"|[{_SPACE}]+(?![^{_SPACE}])|[{_SPACE}]+"
    )


def byte_letters() -> list[str]:
    """The letter of each byte: bytes_to_unicode of GPT-2's encoder.py."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    letters, others = [], 0
    for byte in range(256):
        if byte in printable:
            letters.append(chr(byte))
        else:
            letters.append(chr(256 + others))
            others += 1
    return letters


class Tokenizer:
    """From a folder with vocab.json and merges.txt."""

    def __init__(self, folder: Path):
        self._ids = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
        lines = (folder / "merges.txt").read_text(encoding="utf-8").split("\n")
        merges = [tuple(line.split(" ")) for line in lines if line and not line.startswith("#version")]
        self._ranks = {merge: rank for rank, merge in enumerate(merges)}
        self._letters = byte_letters()
        self._pattern = _pattern()
        self._words: dict[bytes, list[tuple[int, int]]] = {}

    def encode(self, text: str) -> list[list[int]]:
        """[id, begin, end] of every token, in bytes of UTF-8."""
        tokens, begin = [], 0
        for piece in re.split(re.escape("<|endoftext|>").join("()"), text):
            if piece == "<|endoftext|>":
                tokens.append([self._ids[piece], begin, begin + len(piece)])
                begin += len(piece)
                continue
            for word in self._pattern.findall(piece):
                for token, length in self._encode_word(word.encode()):
                    tokens.append([token, begin, begin + length])
                    begin += length
        return tokens

    def _encode_word(self, word: bytes) -> list[tuple[int, int]]:
        if word not in self._words:
            symbols = self._merge([self._letters[byte] for byte in word])
            self._words[word] = [(self._ids[symbol], len(symbol)) for symbol in symbols]
        return self._words[word]

    def _merge(self, symbols: list[str]) -> list[str]:
        """Merges the pair of lowest rank, of several the leftmost, until none is left."""
        while True:
            pairs = [(self._ranks[pair], i) for i, pair in enumerate(zip(symbols, symbols[1:])) if pair in self._ranks]
            if not pairs:
                return symbols
            _, i = min(pairs)
            symbols[i : i + 2] = [symbols[i] + symbols[i + 1]]
