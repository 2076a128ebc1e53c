"""What deploy/dev/npm pins, in the user's cache."""

import fcntl
import subprocess
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def npm_modules() -> Path:
    """The folder node_modules. Skips the test where it is neither in the cache nor to be fetched."""
    with open(REPOSITORY / "deploy" / "dev" / "npm" / "package-lock.json", "rb") as lock:
        # Tests that run side by side fetch once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = subprocess.run(["bash", "-c", ". deploy/dev/npm.sh && npm_modules deploy/dev/npm"], cwd=REPOSITORY,
                                capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise unittest.SkipTest(f"SKIPPED: npm's packages are not in the cache, and cannot be fetched: {result.stderr}")
    return Path(result.stdout.strip()) / "node_modules"
