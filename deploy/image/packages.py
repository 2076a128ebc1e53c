"""Debian packages of the machine this runs on, as dpkg knows them."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def owner(file: Path) -> str:
    """The package that a file belongs to. Packages may still call a file below /usr/lib by its old name below /lib."""
    for name in (file, Path("/", file.relative_to("/usr"))):
        found = subprocess.run(["dpkg", "-S", name], capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    raise SystemExit(f"make_root: no package owns {file}")


@dataclass(frozen=True)
class Package:
    """A package: its name, version and architecture, the source it is built from, and dpkg's whole entry of it."""

    name: str
    version: str
    architecture: str
    source: str
    source_version: str
    status: str

    @staticmethod
    def installed(name: str) -> "Package":
        """The package of that name."""
        fields = "${Version} ${Architecture} ${source:Package} ${source:Version}"
        version, architecture, source, source_version = _output("dpkg-query", "--show", f"--showformat={fields}", name).split()
        return Package(name, version, architecture, source, source_version, _output("dpkg-query", "--status", name))

    def copyright_file(self) -> Path:
        """Where its licences are."""
        return Path("/usr/share/doc", self.name, "copyright").resolve()

    def purl(self) -> str:
        """Its name in databases of vulnerabilities."""
        name, version = quote(self.name, safe=""), quote(self.version, safe="")
        return f"pkg:deb/debian/{name}@{version}?arch={self.architecture}&distro=debian-13"
