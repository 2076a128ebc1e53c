"""What the callers of a soak saw, counted."""

import threading
from collections import Counter


class Tally:
    """Calls by method and code, items of streams by code, and everything that should not have happened.

    Threads: any.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls = Counter()
        self._given_up = Counter()
        self._items = Counter()
        self._faults = []

    def add_call(self, method: str, code: str, given_up: bool = False) -> None:
        """A call ended with `code`. `given_up`: by its caller, so that the server may know it by another code, or not
        at all."""
        with self._lock:
            self._calls[method, code] += 1
            if given_up:
                self._given_up[method] += 1

    def add_item(self, code: str) -> None:
        """An item of a stream was answered."""
        with self._lock:
            self._items[code] += 1

    def add_fault(self, text: str) -> None:
        """What a server must not do."""
        with self._lock:
            self._faults.append(text)

    def calls(self) -> Counter:
        """By (method, code)."""
        with self._lock:
            return self._calls.copy()

    def given_up(self, method: str) -> int:
        """Calls whose callers did not wait for the answer."""
        with self._lock:
            return self._given_up[method]

    def items(self) -> Counter:
        """By code; 'OK' for those with a result."""
        with self._lock:
            return self._items.copy()

    def faults(self) -> list[str]:
        """Empty if all is well."""
        with self._lock:
            return list(self._faults)
