"""What kustomize makes of deploy/kubernetes."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"

Document = dict


def _build(folder: Path) -> list[Document]:
    built = subprocess.run(["kustomize", "build", folder], capture_output=True, text=True, timeout=60, check=False)
    if built.returncode != 0:
        raise AssertionError(f"kustomize build {folder}: {built.stderr}")
    return [document for document in yaml.safe_load_all(built.stdout) if document]


def builds() -> dict[str, list[Document]]:
    """The documents of the base, of every overlay, and of the base with each component alone, by their folders."""
    found = {}
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(shutil.copytree(FOLDER, Path(temporary) / "kubernetes"))
        for component in (copy / "components").iterdir():
            overlay = copy / "overlays" / f"base with {component.name}"
            overlay.mkdir()
            (overlay / "kustomization.yaml").write_text(
                yaml.safe_dump({"resources": ["../../base"], "components": [f"../../components/{component.name}"]})
            )
        for folder in (copy / "base", *sorted((copy / "overlays").iterdir())):
            found[folder.name] = _build(folder)
    return found


def of_kind(documents: list[Document], kind: str) -> Iterator[Document]:
    """The documents of one kind."""
    return (document for document in documents if document["kind"] == kind)


def pod_of(document: Document) -> Document | None:
    """The specification of the pods that a document leads to; none for kinds without."""
    if document["kind"] == "Deployment":
        return document["spec"]["template"]["spec"]
    return document["spec"] if document["kind"] == "ServingRuntime" else None


def adapter_rules() -> list[dict]:
    """The rules for the Prometheus adapter."""
    return yaml.safe_load((FOLDER / "prometheus-adapter.yaml").read_text())["rules"]["custom"]
