"""Compares the image's list of packages with its files: check_sbom.py SBOM FILES.

FILES has the image's paths, one a line, without the first slash. Every package whose licence is there must be listed, and
every one that is listed must have its licence and its entry for scanners; and the list must be SPDX 2.3.
"""

import json
import sys
from pathlib import Path


def failures(sbom: dict, files: set[str]) -> list[str]:
    """What is wrong, a line each."""
    found = []
    if sbom["spdxVersion"] != "SPDX-2.3" or sbom["dataLicense"] != "CC0-1.0":
        found.append("it is not SPDX 2.3")
    identities = [package["SPDXID"] for package in sbom["packages"]]
    if len(set(identities)) != len(identities):
        found.append("two packages have one SPDXID")
    for relation in sbom["relationships"]:
        for end in (relation["spdxElementId"], relation["relatedSpdxElement"]):
            if end not in {"SPDXRef-DOCUMENT", *identities}:
                found.append(f"a relationship names {end}, which is not there")
    debian = {package["name"] for package in sbom["packages"] if "externalRefs" in package}
    for name in debian:
        for path in (f"usr/share/doc/{name}/copyright", f"var/lib/dpkg/status.d/{name}"):
            if path not in files:
                found.append(f"there is no {path}")
    for path in files:
        if path.startswith("usr/share/doc/") and path.endswith("/copyright") and path.split("/")[3] not in debian:
            found.append(f"{path} is there, its package is not listed")
    for needed in ("libc6", "libdnnl3.6", "libgrpc++1.51t64", "libjemalloc2", "libpcre2-8-0", "nlohmann-json3-dev"):
        if needed not in debian:
            found.append(f"{needed} is not listed")
    return found


def main() -> int:
    """Exit code 1 and a line each for what is wrong."""
    sbom, files = json.loads(Path(sys.argv[1]).read_text()), set(Path(sys.argv[2]).read_text().splitlines())
    found = failures(sbom, files)
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
