"""Waiting for what cannot be waited on."""

import time
from collections.abc import Callable

_INTERVAL_S = 0.01


def wait_until(condition: Callable[[], bool], timeout_s: float) -> None:
    """Returns once `condition()` holds; TimeoutError when it still does not after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{condition} does not hold after {timeout_s} s")
        time.sleep(_INTERVAL_S)
