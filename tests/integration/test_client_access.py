"""attndctl, attnd-load and the image's health check against servers with TLS, mutual TLS and API keys."""

import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from integration.api_keys import ApiKey
from integration.certificates import Authority
from integration.server_process import ServerProcess
from oracle import golden

MODEL = f"--model={golden.folder('tiny')}"


def run(*command: str, key: str | None = None) -> subprocess.CompletedProcess:
    """Runs a program, with an API key in its environment if there is one."""
    environment = {name: value for name, value in os.environ.items() if name != "ATTND_API_KEY"}
    if key is not None:
        environment["ATTND_API_KEY"] = key
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


def attndctl(*arguments: str, key: str | None = None) -> subprocess.CompletedProcess:
    """Runs attndctl."""
    return run(os.environ["ATTND_CTL"], *arguments, key=key)


def health_by_metrics(server: ServerProcess) -> subprocess.CompletedProcess:
    """Runs what the image and the probes of Kubernetes run."""
    return attndctl("health", f"--metrics={server.metrics_address}")


class ClientAccessTest(unittest.TestCase):
    """An authority for servers, one for clients, and a file with one key."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.servers, cls.clients = Authority(cls.folder, "servers"), Authority(cls.folder, "clients")
        certificate, key = cls.servers.issue("server", 1)
        cls.tls = (f"--tls_cert={certificate}", f"--tls_key={key}")
        cls.mutual = (*cls.tls, f"--tls_client_ca={cls.clients.certificate}")
        certificate, key = cls.clients.issue("client", 2)
        cls.trust = f"--tls_ca={cls.servers.certificate}"
        cls.certified = (cls.trust, f"--tls_cert={certificate}", f"--tls_key={key}")
        cls.key = ApiKey("tester", "*,ReloadModel")
        cls.key_file = cls.folder / "key"
        cls.key_file.write_text(cls.key.text + "\n")
        keys = cls.folder / "keys"
        keys.write_text(cls.key.line)
        cls.keys = f"--api_keys={keys}"

    def assertFails(self, result: subprocess.CompletedProcess, start: str) -> None:
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        # gRPC may have its own line before ours.
        self.assertTrue(result.stderr.splitlines()[-1].startswith(start), result.stderr)

    def assertSucceeds(self, result: subprocess.CompletedProcess) -> None:
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_attndctl_calls_over_tls_whom_it_trusts(self) -> None:
        with ServerProcess(MODEL, *self.tls) as server:
            at = f"--server={server.address}"
            for command in (["model"], ["health"], ["embed", "1,2"], ["forward", "1,2"]):
                self.assertSucceeds(attndctl(*command, at, self.trust))
            for wrong in ([], ["--tls"], [f"--tls_ca={self.clients.certificate}"]):
                self.assertFails(attndctl("model", at, *wrong), "attndctl: UNAVAILABLE: ")

    def test_the_name_in_the_certificate_may_be_another_than_the_address(self) -> None:
        with ServerProcess(MODEL, *self.tls) as server:
            at = f"--server={server.address}"
            self.assertSucceeds(attndctl("model", at, self.trust, "--tls_server_name=localhost"))
            wrong = attndctl("model", at, self.trust, "--tls_server_name=elsewhere.example")
            self.assertFails(wrong, "attndctl: UNAVAILABLE: ")

    def test_a_client_shows_its_certificate_where_it_is_asked_for_one(self) -> None:
        with ServerProcess(MODEL, *self.mutual) as server:
            at = f"--server={server.address}"
            self.assertSucceeds(attndctl("model", at, *self.certified))
            self.assertFails(attndctl("model", at, self.trust), "attndctl: UNAVAILABLE: ")

    def test_a_key_comes_from_a_file_or_the_environment(self) -> None:
        with ServerProcess(MODEL, self.keys) as server:
            at = f"--server={server.address}"
            self.assertSucceeds(attndctl("embed", "1,2", at, f"--api_key_file={self.key_file}"))
            self.assertSucceeds(attndctl("embed", "1,2", at, key=self.key.text))
            # The file goes first.
            self.assertSucceeds(attndctl("embed", "1,2", at, f"--api_key_file={self.key_file}", key="stranger"))
            self.assertFails(attndctl("embed", "1,2", at, key="stranger"), "attndctl: UNAUTHENTICATED: the API key is not")
            self.assertFails(attndctl("embed", "1,2", at), "attndctl: UNAUTHENTICATED: no API key; ")
            # Health asks for none.
            self.assertSucceeds(attndctl("health", at))

    def test_attnd_load_calls_over_mutual_tls_with_a_key(self) -> None:
        with ServerProcess(MODEL, *self.mutual, self.keys) as server:
            load = (os.environ["ATTND_LOAD"], f"--server={server.address}", "--concurrency=2", "--requests=20", "--json=-")
            result = run(*load, *self.certified, f"--api_key_file={self.key_file}")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(json.loads(result.stdout)["calls_by_code"], {"OK": 20})
            self.assertFails(run(*load, *self.certified), "attnd-load: UNAUTHENTICATED: no API key; ")

    def test_reloads_pass_over_mutual_tls_with_a_key_for_them(self) -> None:
        with ServerProcess(MODEL, *self.mutual, self.keys, "--admin_address=127.0.0.1:0") as server:
            server.wait_for_log("AdminService for holders of keys at ")
            at = "--server=" + re.search(r"AdminService for holders of keys at (\S+)", server.log())[1]
            self.assertFails(attndctl("reload", at), "attndctl: UNAVAILABLE: ")
            refused = attndctl("reload", at, *self.certified)
            self.assertIn("attndctl: UNAUTHENTICATED: ", refused.stderr)
            reloaded = attndctl("reload", at, *self.certified, f"--api_key_file={self.key_file}", "--output=json")
            self.assertRegex(json.loads(reloaded.stdout)["model_version"], r"^[0-9a-f]{12}-2$")

    def test_a_unix_socket_stays_plaintext(self) -> None:
        socket = f"unix:{self.folder}/admin.sock"
        with ServerProcess(MODEL, *self.mutual, self.keys, f"--admin_address={socket}"):
            reloaded = attndctl("reload", f"--server={socket}", "--output=json", key=self.key.text)
            self.assertRegex(json.loads(reloaded.stdout)["model_version"], r"^[0-9a-f]{12}-2$")

    def test_flags_that_cannot_be_used_are_named_and_the_key_is_not(self) -> None:
        secret = "two words"
        empty = self.folder / "empty"
        empty.write_text("\n")
        for arguments, key, text in [
            (["--tls_cert=x.pem"], None, "--tls_cert and --tls_key need each other"),
            (["--tls_ca=/no/such"], None, "--tls_ca: cannot read /no/such"),
            (["--api_key_file=/no/such"], None, "--api_key_file: cannot read /no/such"),
            ([f"--api_key_file={empty}"], None, "--api_key_file holds no API key: one is printable ASCII without spaces"),
            ([], secret, "ATTND_API_KEY holds no API key: one is printable ASCII without spaces"),
            (["--api_key=x"], None, "there is no flag --api_key"),
        ]:
            for program, command in (("attndctl", ["ATTND_CTL", "model"]), ("attnd-load", ["ATTND_LOAD", "--concurrency=1"])):
                with self.subTest(text, program=program):
                    result = run(os.environ[command[0]], *command[1:], *arguments, key=key)
                    self.assertEqual(result.returncode, 2)
                    self.assertEqual(result.stderr, f"{program}: {text}\n{program} --help shows what there is.\n")

    def test_the_health_check_of_the_image_needs_no_certificate_and_no_key(self) -> None:
        with ServerProcess(MODEL, *self.mutual, self.keys) as server:
            self.assertSucceeds(health_by_metrics(server))
        self.assertFails(health_by_metrics(server), f"attndctl: UNAVAILABLE: http://{server.metrics_address}/metrics: ")

    def test_the_health_check_of_the_image_fails_while_the_model_loads(self) -> None:
        with ServerProcess.listening(*self.tls) as server:
            self.assertFails(
                health_by_metrics(server), f"attndctl: UNAVAILABLE: {server.metrics_address} does not say attnd_ready 1"
            )
            server.wait_until_ready()
            self.assertSucceeds(health_by_metrics(server))


if __name__ == "__main__":
    unittest.main()
