"""Pages in Debian's Chromium, without a screen."""

import os
import re
import shutil
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

import numpy as np

TIMEOUT_SECONDS = 120
# As root Chromium has no sandbox; the pages are our own.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--force-device-scale-factor=1",
         "--enable-logging=stderr"]


class Browser:
    """Opens pages; each call is a browser of its own. Raises FileNotFoundError where there is none, and RuntimeError where
    it does not start."""

    def __init__(self):
        self._program = shutil.which("chromium-headless-shell")
        if self._program is None:
            raise FileNotFoundError("no chromium-headless-shell on this machine")
        self._run(["--dump-dom", "about:blank"])

    def dom(self, page: Path, width: int) -> str:
        """The document of a page once its scripts have run."""
        return self._run(["--dump-dom", f"--window-size={width},900", page.as_uri()])

    def screenshot(self, page: Path, picture: Path, width: int, height: int, dark: bool = False) -> np.ndarray:
        """Writes a picture of a page as PNG; its pixels, [height, width, 3]."""
        scheme = "--blink-settings=preferredColorScheme=" + ("0" if dark else "1")
        self._run([f"--screenshot={picture}", f"--window-size={width},{height}", scheme, page.as_uri()])
        return read_png(picture)

    def _run(self, arguments: list[str]) -> str:
        with tempfile.TemporaryDirectory(prefix="attnd-browser-") as home:
            command = [self._program, *FLAGS, f"--user-data-dir={home}/profile", *arguments]
            result = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False,
                                    env=os.environ | {"HOME": home})
        if result.returncode != 0:
            raise RuntimeError(f"Chromium ended with exit code {result.returncode}:\n{result.stderr[-2000:]}")
        messages = re.findall(r"CONSOLE.*", result.stderr)
        assert not messages, f"the page complains: {messages}"
        return result.stdout


def read_png(path: Path) -> np.ndarray:
    """The pixels of a PNG with eight bits a channel and no interlacing, [height, width, 3]."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    place, compressed = 8, b""
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place:place + 8])
        content = data[place + 8:place + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", content)
            assert (depth, interlace) == (8, 0) and colour in (2, 6), "a kind of PNG that Chromium does not write"
        elif kind == b"IDAT":
            compressed += content
        place += length + 12
    channels = 4 if colour == 6 else 3
    rows = np.frombuffer(zlib.decompress(compressed), np.uint8).reshape(height, 1 + width * channels)
    return _unfilter(rows, channels).reshape(height, width, channels)[:, :, :3]


def _unfilter(rows: np.ndarray, channels: int) -> np.ndarray:
    """Undoes what PNG does to each row before it is compressed: https://www.w3.org/TR/png-3/#9Filters."""
    pixels = np.zeros((len(rows), rows.shape[1] - 1), np.uint8)
    above = np.zeros(rows.shape[1] - 1, np.uint8)
    for number, row in enumerate(rows):
        kind, values = row[0], row[1:]
        if kind == 0:
            above = values
        elif kind == 1:
            above = np.cumsum(values.reshape(-1, channels), axis=0, dtype=np.uint8).reshape(-1)
        elif kind == 2:
            above = values + above
        else:
            above = _unfilter_by_left(kind, values, above, channels)
        pixels[number] = above
    return pixels


def _unfilter_by_left(kind: int, values: np.ndarray, above: np.ndarray, channels: int) -> np.ndarray:
    """The two filters of which every pixel needs the one before it."""
    row, up = values.astype(int).tolist(), above.astype(int).tolist()
    for i, value in enumerate(row):
        left = row[i - channels] if i >= channels else 0
        if kind == 3:
            guess = (left + up[i]) // 2
        else:
            corner = up[i - channels] if i >= channels else 0
            guess = min((left, up[i], corner), key=lambda each, at=left + up[i] - corner: abs(at - each))
        row[i] = (value + guess) & 0xFF
    return np.array(row, np.uint8)
