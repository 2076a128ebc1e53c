"""Client and AsyncClient behind one face, so that every test is of both."""

import asyncio
import functools
import unittest
from collections.abc import AsyncGenerator, Callable
from typing import Any

import attnd


class Blocking:
    """Calls a Client's methods by name."""

    def __init__(self, *args: Any, **options: Any):
        self.client = attnd.Client(*args, **options)

    def __enter__(self) -> "Blocking":
        return self

    def __exit__(self, *error: object) -> None:
        self.client.close()

    def call(self, method: str, *args: Any, **options: Any) -> Any:
        """What the method returns."""
        return getattr(self.client, method)(*args, **options)

    def stream(self, method: str, *args: Any, **options: Any) -> list[attnd.StreamItem]:
        """All answers of a stream."""
        return list(getattr(self.client, method)(*args, **options))


class Asynchronous:
    """An AsyncClient's, on an event loop of its own."""

    def __init__(self, *args: Any, **options: Any):
        self._runner = asyncio.Runner()

        async def make() -> attnd.AsyncClient:
            return attnd.AsyncClient(*args, **options)

        try:
            self.client = self._runner.run(make())
        except BaseException:
            self._runner.close()
            raise

    def __enter__(self) -> "Asynchronous":
        return self

    def __exit__(self, *error: object) -> None:
        self._runner.run(self.client.close())
        self._runner.close()

    def call(self, method: str, *args: Any, **options: Any) -> Any:
        """What the method returns."""
        return self._runner.run(getattr(self.client, method)(*args, **options))

    def stream(self, method: str, *args: Any, **options: Any) -> list[attnd.StreamItem]:
        """All answers of a stream."""

        async def collect(answers: AsyncGenerator) -> list[attnd.StreamItem]:
            return [answer async for answer in answers]

        return self._runner.run(collect(getattr(self.client, method)(*args, **options)))


BOTH = (Blocking, Asynchronous)


def of_both(test: Callable) -> Callable:
    """A test method that takes a caller, run with each: of the server of its class."""

    @functools.wraps(test)
    def run(self: unittest.TestCase) -> None:
        for kind in BOTH:
            with self.subTest(kind.__name__), kind(self.server.address) as caller:
                test(self, caller)

    return run
