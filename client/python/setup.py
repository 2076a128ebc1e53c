"""Builds the package `attnd`. Its modules of the protocol are made here, of the .proto files; no repository holds them.

protoc and grpc_python_plugin make them where both are on the PATH (Debian: protobuf-compiler, protobuf-compiler-grpc),
else grpcio-tools, which pip then fetches for the build.
"""

import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent
# Beside this file in a source distribution, at the top of the repository else.
PROTO = next((folder for folder in (HERE / "proto", HERE.parents[1] / "proto") if folder.is_dir()), None)
FILES = ["attnd/v1/inference.proto"]
# The first that knows proto3's `optional` and writes types.
MIN_PROTOC = "3.20"
MIN_GRPCIO_TOOLS = "1.51.1"


def numbers(version: str) -> tuple[int, ...]:
    """Of "3.21.12": to compare it."""
    return tuple(map(int, re.findall(r"\d+", version)))


def has_protoc() -> bool:
    """Whether the machine's own compiler and plugin will do."""
    if not shutil.which("protoc") or not shutil.which("grpc_python_plugin"):
        return False
    text = subprocess.run(["protoc", "--version"], capture_output=True, text=True, check=True).stdout
    return numbers(text) >= numbers(MIN_PROTOC)


def runtime_requirements() -> list[str]:
    """What the generated modules need at the least, and the rest."""
    own = ["numpy>=1.24", "grpcio>=1.51", "protobuf>=4.21", "googleapis-common-protos>=1.56"]
    if has_protoc():
        return own
    try:
        made_by = metadata.requires("grpcio-tools") or []
    except metadata.PackageNotFoundError:
        return own  # pip only asks what the build needs
    return own + [line for line in made_by if re.match(r"(protobuf|grpcio)\b", line)]


def compiler() -> list[str]:
    """The command that takes protoc's arguments."""
    if has_protoc():
        return ["protoc", f"--plugin=protoc-gen-grpc_python={shutil.which('grpc_python_plugin')}"]
    # The build's requirement then, which who builds without isolation may not have, or too old.
    try:
        from grpc_tools import protoc
    except ImportError:
        protoc = None
    if protoc is None or numbers(metadata.version("grpcio-tools")) < numbers(MIN_GRPCIO_TOOLS):
        sys.exit(
            f"attnd: what generates the protocol's modules is missing: protoc {MIN_PROTOC} or later with "
            "grpc_python_plugin on the PATH (Debian: protobuf-compiler, protobuf-compiler-grpc), or grpcio-tools "
            f"{MIN_GRPCIO_TOOLS} or later"
        )
    return [sys.executable, "-m", "grpc_tools.protoc", f"-I{Path(protoc.__file__).parent / '_proto'}"]


def generate(folder: Path) -> None:
    """Writes the modules of FILES below `folder`."""
    if PROTO is None:
        raise FileNotFoundError(f"no folder of .proto files: neither {HERE / 'proto'} nor {HERE.parents[1] / 'proto'}")
    outputs = [f"--{kind}_out={folder}" for kind in ("python", "pyi", "grpc_python")]
    subprocess.run([*compiler(), f"-I{PROTO}", *outputs, *FILES], check=True)


class BuildPy(build_py):
    """Copies the package and adds the generated modules."""

    def run(self) -> None:
        super().run()
        generate(HERE / "src" if self.editable_mode else Path(self.build_lib))


class Sdist(sdist):
    """Takes the .proto files along."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        for name in FILES:
            target = Path(base_dir) / "proto" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PROTO / name, target)


setup(
    cmdclass={"build_py": BuildPy, "sdist": Sdist},
    install_requires=runtime_requirements(),
    setup_requires=[] if has_protoc() else [f"grpcio-tools>={MIN_GRPCIO_TOOLS}"],
)
