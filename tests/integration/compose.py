"""Reads deploy/compose.yaml as Docker Compose does."""

import json
import os
import subprocess

from integration.prometheus_process import DEPLOY


def services(**environment: str) -> dict:
    """Every service, with variables and defaults filled in."""
    command = ["docker-compose", "--file", str(DEPLOY / "compose.yaml"), "config", "--format", "json"]
    result = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(result.stdout)["services"]


def server_flags(model: str) -> list[str]:
    """Those that its server gets when it serves the folder `model`."""
    return [flag.replace("=/model", f"={model}") for flag in services(ATTND_MODEL=model, ATTND_DTYPE="")["attnd"]["command"]]
