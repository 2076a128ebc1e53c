"""deploy/kubernetes agrees with itself and with the server: flags, ports, times, labels, metrics."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

from deploy import manifests
from integration.test_metrics_document import documented

REPOSITORY = Path(__file__).parents[2]
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()
# Seconds that a server may need besides its two flags: docs/operations.md.
END_SECONDS = 6
# What Kubernetes gives a pod that says nothing.
DEFAULT_GRACE_SECONDS = 30
SUFFIX = re.compile(r"_(bucket|sum|count)$")


def flags(container: dict) -> dict[str, str]:
    """The flags that a container gives the server, by name."""
    return dict(argument.removeprefix("--").split("=", 1) for argument in container["args"])


def help_of(variable: str) -> set[str]:
    """The names of the flags of the program that an environment variable names."""
    output = subprocess.run([os.environ[variable], "--help"], capture_output=True, text=True, timeout=60, check=False)
    return set(re.findall(r"--(\w+)", output.stdout))


class KubernetesTest(unittest.TestCase):
    """Every build of deploy/kubernetes."""

    where = "deploy/kubernetes"

    @classmethod
    def setUpClass(cls) -> None:
        cls.builds = manifests.builds()

    def _formatMessage(self, msg: str | None, standardMsg: str) -> str:
        return f"{self.where}: {super()._formatMessage(msg, standardMsg)}"

    def each(self, kind: str):
        """Every document of one kind, and the documents it was built with."""
        found = 0
        for name, documents in self.builds.items():
            for document in manifests.of_kind(documents, kind):
                found += 1
                self.where = f"{name}, {kind}"
                yield document, documents
        self.assertGreater(found, 0)

    def pods(self):
        """Every specification of pods."""
        for kind in ("Deployment", "ServingRuntime"):
            for document, _ in self.each(kind):
                yield manifests.pod_of(document)

    def servers(self):
        """Every container that runs attnd, and its pod."""
        for pod in self.pods():
            yield pod["containers"][0], pod

    def test_all_that_is_there_is_built(self) -> None:
        for name in ("base", "gpt2", "production", "kserve", "base with model-image", "base with tls"):
            self.assertIn(name, self.builds)

    def test_flags_exist(self) -> None:
        server, ctl = help_of("ATTND_SERVER"), help_of("ATTND_CTL")
        for container, _ in self.servers():
            self.assertLessEqual(set(flags(container)), server)
            self.assertEqual(len(flags(container)), len(container["args"]), "a flag comes twice")
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                command = container[probe].get("exec", {"command": ["attndctl", "health"]})["command"]
                self.assertEqual(command[:2], ["attndctl", "health"])
                self.assertLessEqual({argument[2:].split("=")[0] for argument in command[2:]}, ctl)

    def test_a_pod_has_the_time_that_a_drain_takes(self) -> None:
        for container, pod in self.servers():
            before = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {"seconds": 0})["seconds"]
            drain = (int(flags(container)["drain_delay_ms"]) + int(flags(container)["drain_timeout_ms"])) / 1000
            grace = pod.get("terminationGracePeriodSeconds", DEFAULT_GRACE_SECONDS)
            self.assertGreaterEqual(grace, before + drain + END_SECONDS)
            # A client's view of a pod's health may be as old as a period and its failures.
            self.assertGreaterEqual(int(flags(container)["drain_delay_ms"]), 1000 * container["readinessProbe"]["periodSeconds"])

    def test_a_container_that_is_run_by_hand_has_that_time_too(self) -> None:
        defaults = dict(re.findall(r"^\| `--(drain_\w+)` \| `(\d+)` \|", (REPOSITORY / "docs/operations.md").read_text(), re.M))
        drain = (int(defaults["drain_delay_ms"]) + int(defaults["drain_timeout_ms"])) / 1000
        for document in ("README.md", "docs/image.md"):
            [timeout] = re.findall(r"^docker run .*--stop-timeout (\d+) ", (REPOSITORY / document).read_text(), re.M)
            self.assertGreaterEqual(int(timeout), drain + END_SECONDS)

    def test_a_model_is_fetched_whole_or_not_at_all(self) -> None:
        commands = [container["command"] for pod in self.pods() for container in pod.get("initContainers", [])]
        self.assertTrue(commands)
        for command in commands:
            self.assertEqual(command[0], "curl")
            self.assertLessEqual({"--fail", "--fail-early", "--retry-all-errors"}, set(command))

    def test_liveness_waits_longer_than_the_server_before_it_calls_an_engine_stuck(self) -> None:
        for container, _ in self.servers():
            probe = container["livenessProbe"]
            self.assertGreater(probe["periodSeconds"] * probe["failureThreshold"], 4 * 30)  # --engine_heartbeat_timeout_s

    def test_probes_end_before_the_kubelet_gives_them_up(self) -> None:
        for container, _ in self.servers():
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                for argument in container[probe].get("exec", {"command": []})["command"]:
                    if argument.startswith("--timeout_ms="):
                        self.assertLess(int(argument.split("=")[1]), 1000 * container[probe]["timeoutSeconds"])

    def test_probes_speak_what_the_server_speaks(self) -> None:
        for container, _ in self.servers():
            kind = "exec" if "tls_cert" in flags(container) else "grpc"
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                self.assertIn(kind, container[probe])
                self.assertEqual({"exec", "grpc"} & set(container[probe]), {kind})

    def test_ports_are_those_of_the_image(self) -> None:
        exposed = {int(port) for port in re.search(r"^EXPOSE (.*)$", DOCKERFILE, re.MULTILINE)[1].split()}
        for container, _ in self.servers():
            self.assertLessEqual({port["containerPort"] for port in container["ports"]}, exposed)
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                self.assertIn(container[probe].get("grpc", {"port": 50051})["port"], exposed)

    def test_images_have_the_version_of_the_project(self) -> None:
        version = re.search(r"^project\(attnd VERSION (\S+)", (REPOSITORY / "CMakeLists.txt").read_text(), re.MULTILINE)[1]
        for container, _ in self.servers():
            self.assertTrue(container["image"].endswith(f"attnd:{version}"), container["image"])

    def test_containers_may_do_nothing_they_need_not(self) -> None:
        user = int(re.search(r"^USER (\d+):", DOCKERFILE, re.MULTILINE)[1])
        for pod in self.pods():
            for container in [*pod["containers"], *pod.get("initContainers", [])]:
                security = pod.get("securityContext", {}) | container["securityContext"]
                self.assertEqual(
                    {name: value for name, value in security.items() if name not in ("runAsGroup", "fsGroup")},
                    {
                        "runAsNonRoot": True,
                        "runAsUser": user,
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": ["ALL"]},
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                )

    def test_cores_are_whole_and_requests_are_limits(self) -> None:
        for pod in self.pods():
            for container in [*pod["containers"], *pod.get("initContainers", [])]:
                self.assertEqual(container["resources"]["requests"], container["resources"]["limits"])
                self.assertRegex(container["resources"]["limits"]["cpu"], "^[1-9][0-9]*$")

    def test_what_is_mounted_exists_and_is_read_only(self) -> None:
        for container, pod in self.servers():
            self.assertEqual(
                {mount["name"] for mount in container.get("volumeMounts", [])},
                {volume["name"] for volume in pod.get("volumes", [])},
            )
            for mount in container.get("volumeMounts", []):
                self.assertTrue(mount["readOnly"])
            folders = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
            for flag, value in flags(container).items():
                if value.startswith("/") and value != "/mnt/models":  # KServe mounts this one.
                    self.assertTrue(any(value.startswith(folder) for folder in folders), f"--{flag}={value}")

    def test_selectors_find_the_pods(self) -> None:
        for deployment, documents in self.each("Deployment"):
            pod = deployment["spec"]["template"]
            labels = set(pod["metadata"]["labels"].items())
            selectors = [deployment["spec"]["selector"]["matchLabels"]]
            selectors += [spread["labelSelector"]["matchLabels"] for spread in pod["spec"]["topologySpreadConstraints"]]
            selectors += [service["spec"]["selector"] for service in manifests.of_kind(documents, "Service")]
            selectors += [
                document["spec"][name]["matchLabels"]
                for kind, name in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector"))
                for document in manifests.of_kind(documents, kind)
            ]
            self.assertGreaterEqual(len(selectors), 6)
            for selector in selectors:
                self.assertTrue(selector)
                self.assertLessEqual(set(selector.items()), labels)

    def test_services_and_policies_name_ports_of_the_pods(self) -> None:
        for deployment, documents in self.each("Deployment"):
            ports = {port["name"] for port in deployment["spec"]["template"]["spec"]["containers"][0]["ports"]}
            for service in manifests.of_kind(documents, "Service"):
                self.assertEqual({port["targetPort"] for port in service["spec"]["ports"]}, ports)
                self.assertEqual(service["spec"]["clusterIP"], "None", "one address would tie a client to one pod")
            for policy in manifests.of_kind(documents, "NetworkPolicy"):
                for rule in policy["spec"].get("ingress", []):
                    self.assertLessEqual({port["port"] for port in rule["ports"]}, ports)

    def test_scrapes_find_the_service(self) -> None:
        for monitor, documents in self.each("ServiceMonitor"):
            (service,) = manifests.of_kind(documents, "Service")
            self.assertLessEqual(
                set(monitor["spec"]["selector"]["matchLabels"].items()), set(service["metadata"]["labels"].items())
            )
            for endpoint in monitor["spec"]["endpoints"]:
                self.assertIn(endpoint["port"], {port["name"] for port in service["spec"]["ports"]})
                self.assertEqual(endpoint["path"], "/metrics")

    def test_the_autoscaler_asks_for_metrics_that_the_adapter_makes(self) -> None:
        made = {rule["name"]["as"] for rule in manifests.adapter_rules()}
        for autoscaler, documents in self.each("HorizontalPodAutoscaler"):
            asked = {metric["pods"]["metric"]["name"] for metric in autoscaler["spec"]["metrics"]}
            self.assertIn("attnd_queue_tokens", asked)
            self.assertLessEqual(asked, made)
            (deployment,) = manifests.of_kind(documents, "Deployment")
            self.assertEqual(autoscaler["spec"]["scaleTargetRef"]["name"], deployment["metadata"]["name"])
            self.assertNotIn("replicas", deployment["spec"], "the autoscaler's number would be overwritten")

    def test_the_adapter_makes_them_of_series_that_exist(self) -> None:
        for rule in manifests.adapter_rules():
            name = re.match(r"\w+", rule["seriesQuery"])[0]
            self.assertIn(SUFFIX.sub("", name), documented())

    def test_prometheus_understands_the_adapters_queries(self) -> None:
        rules = []
        for rule in manifests.adapter_rules():
            query = rule["metricsQuery"]
            for word, value in (
                ("Series", re.match(r"\w+", rule["seriesQuery"])[0]),
                ("LabelMatchers", 'namespace="attnd",pod=~"a|b"'),
                ("GroupBy", "pod"),
            ):
                query = query.replace(f"<<.{word}>>", value)
            rules.append({"record": rule["name"]["as"], "expr": query})
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump({"groups": [{"name": "adapter", "rules": rules}]}, file)
            file.flush()
            checked = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True, check=False)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_the_runtime_of_kserve_serves_what_its_service_asks_for(self) -> None:
        for service, documents in self.each("InferenceService"):
            (runtime,) = manifests.of_kind(documents, "ServingRuntime")
            model = service["spec"]["predictor"]["model"]
            self.assertEqual(model["runtime"], runtime["metadata"]["name"])
            self.assertIn(model["protocolVersion"], runtime["spec"]["protocolVersions"])
            self.assertIn(
                model["modelFormat"],
                [{"name": each["name"], "version": each["version"]} for each in runtime["spec"]["supportedModelFormats"]],
            )


if __name__ == "__main__":
    unittest.main()
