"""Builds the Python package and installs it in a virtual environment: install_package.py REPOSITORY VENV

Nothing is fetched: builder and requirements are Debian's.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def run(*command: str | Path, cwd: Path) -> None:
    """Shows what the command says only when it fails."""
    result = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}:\n{result.stdout}")


def main(repository: Path, venv: Path) -> None:
    """Builds in a copy, for setuptools writes beside its sources."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for folder in ("client/python", "proto"):
            shutil.copytree(repository / folder, copy / folder)
        # A source distribution, and a wheel of that.
        run(sys.executable, "-m", "build", "--no-isolation", "--outdir", copy / "dist", cwd=copy / "client" / "python")
        [wheel] = (copy / "dist").glob("attnd-*.whl")
        run(sys.executable, "-m", "venv", "--clear", "--system-site-packages", venv, cwd=copy)
        run(venv / "bin" / "python", "-m", "pip", "install", "--no-index", wheel, cwd=copy)
        run(venv / "bin" / "python", "-c", "import attnd", cwd=copy)
        print(f"installed {wheel.name} in {venv}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
