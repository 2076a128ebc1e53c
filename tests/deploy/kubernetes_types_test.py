"""deploy/kubernetes against the types that Kubernetes and the Prometheus Operator publish: a field that does not exist, one
of a wrong type and one that is missing are errors. Skips (exit code 77) where these types are neither in the cache nor
within reach."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy import manifests

REPOSITORY = Path(__file__).parents[2]
TYPES = Path(__file__).parent / "kubernetes"
SKIPPED = 77


def module_of(document: manifests.Document) -> str:
    """Where the type of a document is."""
    group, _, _ = document["apiVersion"].partition("/")
    path = f"{document['apiVersion']}/{document['kind']}"
    if group == "serving.kserve.io":
        return "./kserve"
    return f"@kubernetes-models/prometheus-operator/{path}" if group == "monitoring.coreos.com" else f"kubernetes-models/{path}"


def write(folder: Path, name: str, document: manifests.Document) -> None:
    """A document as TypeScript: a constant of its type."""
    (folder / f"{name}.ts").write_text(
        f'import type {{ I{document["kind"]} }} from "{module_of(document)}";\n'
        f"export const document: I{document['kind']} = {json.dumps(document, indent=2)};\n"
    )


def check(modules: Path, documents: dict[str, manifests.Document]) -> str:
    """What the compiler finds wrong, a line each; nothing where all is well."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "node_modules").symlink_to(modules / "node_modules")
        for file in TYPES.iterdir():
            if file.name != "package-lock.json":
                (folder / file.name).write_bytes(file.read_bytes())
        for name, document in documents.items():
            write(folder, name, document)
        compiler = folder / "node_modules" / "typescript" / "bin" / "tsc"
        return subprocess.run(
            ["node", compiler, "--project", folder, "--pretty", "false"], cwd=folder, capture_output=True, text=True, check=False
        ).stdout


def main() -> int:
    """Checks all builds, and that the check would find what is wrong."""
    found = subprocess.run(
        ["bash", "-c", '. "$0/deploy/dev/npm.sh"; npm_modules "$1"', REPOSITORY, TYPES], stdout=subprocess.PIPE, text=True, check=False
    )
    if found.returncode != 0:
        print("SKIPPED: the npm registry cannot be reached, and the types of Kubernetes are not in the cache")
        return SKIPPED
    modules = Path(found.stdout.strip())
    documents = {
        f"{build}-{document['kind']}-{document['metadata']['name']}".replace(" ", "-"): document
        for build, built in manifests.builds().items()
        for document in built
    }
    errors = check(modules, documents)
    print(errors, end="")

    wrong = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"ports": [{"port": 1, "targetPotr": 1}]}}
    if "targetPotr" not in check(modules, {"wrong": wrong}):
        print("a wrong field was not found")
        return 1
    print(f"{len(documents)} documents")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
