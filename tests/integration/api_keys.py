"""API keys and their file, made while a test runs."""

import hashlib
import secrets


class ApiKey:
    """A key of its own, and its line in the file."""

    def __init__(self, name: str, methods: str = "*", rate: str = ""):
        self.id = name
        self.text = f"attnd_{secrets.token_urlsafe(32)}"
        digest = hashlib.sha256(self.text.encode()).hexdigest()
        self.line = f"id={name} sha256={digest} methods={methods} {rate}\n"
        # As callers send it.
        self.metadata = [("authorization", f"Bearer {self.text}")]
