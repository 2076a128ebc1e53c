"""Certificates made while a test runs, with the openssl command."""

import subprocess
from pathlib import Path

P256 = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
RSA_1024 = ("rsa:1024",)  # too short for Debian's OpenSSL


def openssl(*arguments: str) -> None:
    """Runs the command and shows what it says only when it fails."""
    result = subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=60, check=False)
    if result.returncode != 0:
        raise RuntimeError(result.stderr)


class Authority:
    """A root, with its files in `folder`."""

    def __init__(self, folder: Path, name: str):
        self._folder = folder
        self.certificate = folder / f"{name}.pem"
        self._key = folder / f"{name}.key"
        openssl("req", "-x509", "-newkey", *P256, "-nodes", "-days", "2",
                "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign",
                "-keyout", str(self._key), "-out", str(self.certificate))

    def issue(self, name: str, serial: int, key_kind: tuple[str, ...] = P256) -> tuple[Path, Path]:
        """Certificate and key, for localhost and 127.0.0.1."""
        key, certificate = self._folder / f"{name}.key", self._folder / f"{name}.pem"
        openssl("req", "-x509", "-newkey", *key_kind, "-nodes", "-days", "1",
                "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                "-addext", "basicConstraints=critical,CA:FALSE",
                "-set_serial", str(serial), "-CA", str(self.certificate), "-CAkey", str(self._key),
                "-keyout", str(key), "-out", str(certificate))
        return certificate, key
