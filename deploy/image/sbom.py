"""The list of what the image is made of, in SPDX 2.3 (https://spdx.github.io/spdx-spec/v2.3/)."""

import hashlib
from datetime import datetime, timezone

from packages import Package

UNKNOWN = "NOASSERTION"


def _reference(name: str) -> str:
    """An SPDXID, in which letters, digits, dots and hyphens may be."""
    return f"SPDXRef-Package-{name.replace('+', '-plus')}"


def _entry(name: str, version: str, **more: object) -> dict:
    return {
        "SPDXID": _reference(name),
        "name": name,
        "versionInfo": version,
        "downloadLocation": UNKNOWN,
        "filesAnalyzed": False,
        "licenseConcluded": UNKNOWN,
        "licenseDeclared": UNKNOWN,
        "copyrightText": UNKNOWN,
        **more,
    }


def _debian(package: Package) -> dict:
    return _entry(
        package.name,
        package.version,
        supplier="Organization: Debian",
        sourceInfo=f"built from {package.source} {package.source_version}",
        externalRefs=[
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": package.purl()}
        ],
    )


def document(version: str, created: int, loaded: list[Package], compiled_in: list[Package]) -> dict:
    """attnd, the packages whose files are in the image, and those whose headers are compiled into attnd.

    `created` is in seconds since 1970. Equal arguments give equal documents.
    """
    packages = [_entry("attnd", version, primaryPackagePurpose="APPLICATION")]
    packages += [_debian(package) for package in [*loaded, *compiled_in]]
    digest = hashlib.sha256(repr(packages).encode()).hexdigest()
    links = [("DYNAMIC_LINK", package) for package in loaded] + [("STATIC_LINK", package) for package in compiled_in]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"attnd-{version}",
        "documentNamespace": f"urn:attnd:sbom:{version}:{digest}",
        "creationInfo": {
            "created": datetime.fromtimestamp(created, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": ["Tool: attnd deploy/image"],
        },
        "packages": packages,
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relationshipType": "DESCRIBES",
                "relatedSpdxElement": _reference("attnd"),
            },
            *(
                {
                    "spdxElementId": _reference("attnd"),
                    "relationshipType": kind,
                    "relatedSpdxElement": _reference(package.name),
                }
                for kind, package in links
            ),
        ],
    }
