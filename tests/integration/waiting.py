"""Waiting that ends."""

import time
from collections.abc import Callable

TIMEOUT_SECONDS = 30


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Asks again and again, as fast as `condition` answers, and fails once TIMEOUT_SECONDS have passed."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {TIMEOUT_SECONDS} s: {what}")
