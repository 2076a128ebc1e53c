"""Makes the root folder of the image: the programs, the libraries they load, and what tells where these come from.

    make_root.py --root FOLDER --version VERSION [--compiled_in PACKAGE]... PROGRAM...

A library is what ldd finds; the packages are those that own the libraries. Of each package come its licence
(/usr/share/doc/PACKAGE/copyright) and its entry in dpkg's database (/var/lib/dpkg/status.d/PACKAGE, where scanners look
for it in images without dpkg), and all of them are in /usr/share/doc/attnd/sbom.spdx.json. The same packages and programs
give the same bytes: names are sorted, and every time is that of SOURCE_DATE_EPOCH, 0 by default.
"""

import argparse
import json
import os
import shutil
import subprocess
from pathlib import Path

from packages import Package, owner
from sbom import document

LIBRARIES = "usr/lib/x86_64-linux-gnu"
# What the kernel starts a program with, by the name that is written in every program.
LOADER = "/lib64/ld-linux-x86-64.so.2"
# Gives the name of the distribution, by which scanners choose what to compare packages with.
OS_RELEASE = "/usr/lib/os-release"


def libraries(programs: list[Path]) -> list[Path]:
    """The shared libraries that programs load, as they name them."""
    output = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=True).stdout
    if "not found" in output:
        raise SystemExit(f"make_root: a library is missing:\n{output}")
    return sorted({Path(line.split()[2]) for line in output.splitlines() if " => /" in line})


def copy(source: Path, target: Path, mode: int) -> None:
    """Copies a file's bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)


def write(target: Path, text: str) -> None:
    """Writes a file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def copy_library(library: Path, root: Path) -> Path:
    """Copies a library and the link by which programs name it; returns the file behind it."""
    file = library.resolve()
    copy(file, root / LIBRARIES / file.name, 0o644)
    if library.name != file.name:
        (root / LIBRARIES / library.name).symlink_to(file.name)
    return file


def describe(package: Package, root: Path) -> None:
    """Adds what tells of a package."""
    copy(package.copyright_file(), root / "usr/share/doc" / package.name / "copyright", 0o644)
    write(root / "var/lib/dpkg/status.d" / package.name, package.status)


def link_folders(root: Path) -> None:
    """Makes the links that Debian's root has: /lib is /usr/lib, and the loader is found under /lib64."""
    (root / "lib").symlink_to("usr/lib")
    (root / "lib64").symlink_to("usr/lib64")
    loader = root / "usr/lib64" / Path(LOADER).name
    loader.parent.mkdir(parents=True)
    loader.symlink_to(os.path.join("/", LIBRARIES, Path(LOADER).resolve().name))
    (root / "etc").mkdir()
    (root / "etc/os-release").symlink_to(os.path.join("..", OS_RELEASE.lstrip("/")))


def set_times(root: Path, seconds: int) -> None:
    """Gives everything one time."""
    for path in [*root.rglob("*"), root]:
        os.utime(path, (seconds, seconds), follow_symlinks=False)


def make_root(root: Path, version: str, compiled_in: list[str], programs: list[Path]) -> None:
    """Makes everything below `root`, which must not exist."""
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH") or 0)
    os.umask(0o022)
    root.mkdir()
    for program in programs:
        copy(program, root / "usr/local/bin" / program.name, 0o755)
    files = [copy_library(library, root) for library in libraries(programs)]
    loader = Path(LOADER).resolve()
    copy(loader, root / LIBRARIES / loader.name, 0o755)
    copy(Path(OS_RELEASE), root / OS_RELEASE.lstrip("/"), 0o644)
    link_folders(root)

    names = {owner(file) for file in [*files, loader, Path(OS_RELEASE)]}
    loaded = [Package.installed(name) for name in sorted(names)]
    headers = [Package.installed(name) for name in sorted(compiled_in)]
    for package in [*loaded, *headers]:
        describe(package, root)
    sbom = document(version=version, created=seconds, loaded=loaded, compiled_in=headers)
    write(root / "usr/share/doc/attnd/sbom.spdx.json", json.dumps(sbom, indent=1) + "\n")
    set_times(root, seconds)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--compiled_in", action="append", default=[])
    parser.add_argument("programs", type=Path, nargs="+")
    arguments = parser.parse_args()
    make_root(arguments.root, arguments.version, arguments.compiled_in, arguments.programs)


if __name__ == "__main__":
    main()
