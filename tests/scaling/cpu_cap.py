"""Servers held to a share of a CPU, as a container's limit would: a cgroup each, version 1 or 2."""

import ctypes
import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
# Short, so that a server that has used up its share stops often and briefly, and not for most of a tenth of a second.
PERIOD_US = 10_000
# Of mount(2).
MS_REMOUNT, MS_BIND = 32, 4096


class CpuCap:
    """A context: a command begun with `prefix` has at most `cores` of CPU time a second."""

    def __init__(self, name: str, cores: float):
        self._is_v2 = (ROOT / "cgroup.controllers").exists()
        self._parent = ROOT if self._is_v2 else ROOT / "cpu"
        self._folder = self._parent / f"attnd-{os.getpid()}-{name}"
        self._quota_us = int(cores * PERIOD_US)

    def __enter__(self) -> "CpuCap":
        # ./dev shows /sys read-only; this is of its own view of it, and nothing where it may not.
        ctypes.CDLL(None).mount(None, os.fsencode(self._parent), None, MS_REMOUNT | MS_BIND, None)
        try:
            self._folder.mkdir()
            if self._is_v2:
                (self._folder / "cpu.max").write_text(f"{self._quota_us} {PERIOD_US}")
            else:
                (self._folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
                (self._folder / "cpu.cfs_quota_us").write_text(str(self._quota_us))
        except OSError as error:
            raise SystemExit(f"cannot make a cgroup with a limit of CPU time: {error}") from error
        return self

    def __exit__(self, *error) -> None:
        self._folder.rmdir()

    @property
    def prefix(self) -> list[str]:
        """Enters the cgroup, and becomes the command that follows."""
        return ["sh", "-c", f'echo $$ > {self._folder}/cgroup.procs && exec "$0" "$@"']
