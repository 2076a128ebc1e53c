"""Pictures of pages, by a real browser."""

import subprocess
from pathlib import Path


def take_screenshot(page: Path, picture: Path, width: int, height: int) -> None:
    """The upper `height` pixels of a page, as PNG."""
    command = ["chromium-headless-shell", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
               f"--window-size={width},{height}", f"--screenshot={picture.resolve()}", page.resolve().as_uri()]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if result.returncode != 0 or not picture.exists():
        raise RuntimeError(f"no screenshot of {page}:\n{result.stderr}")
