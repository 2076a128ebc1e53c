"""What a PromQL expression asks for."""

import math
import re

STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
# Clauses in which identifiers are labels.
GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
SELECTOR = re.compile(r"(?<![\w.:])([a-zA-Z_:][\w:]*)(?:\s*(\{[^}]*\})|(?!\s*\(|[\w:]))")
WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}


def selectors(expression: str) -> list[tuple[str, str]]:
    """Name and whole text of each instant selector: `rate(a{b="c"}[5m]) / d` has `a{b="c"}` and `d`."""
    strings: list[str] = []

    def take_out(match: re.Match) -> str:
        strings.append(match[0])
        return f"`{len(strings) - 1}`"

    text = STRING.sub(take_out, expression)
    text = re.sub(r"\[[^\]]*\]", "", GROUPING.sub("", text))
    found = [match for match in SELECTOR.finditer(text) if match[1].lower() not in WORDS]
    return [(match[1], re.sub(r"`(\d+)`", lambda number: strings[int(number[1])], match[0])) for match in found]


def says_something(result: list[dict]) -> bool:
    """Whether an instant query gave at least one number."""
    return any(not math.isnan(float(series["value"][1])) for series in result)
