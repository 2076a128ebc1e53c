"""deploy/compose.yaml as Docker Compose reads it."""

import os
import unittest

from integration.compose import services


class ComposeTest(unittest.TestCase):
    """Without a Docker engine."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.services = services(ATTND_MODEL="", ATTND_DTYPE="")

    def test_nothing_is_reached_from_other_machines(self) -> None:
        ports = [port for service in self.services.values() for port in service.get("ports", [])]
        self.assertEqual({port["target"] for port in ports}, {50051, 9090, 3000})
        self.assertEqual({port["host_ip"] for port in ports}, {"127.0.0.1"})

    def test_every_service_is_hardened_and_of_a_version_that_stays(self) -> None:
        for name, service in self.services.items():
            with self.subTest(name):
                self.assertTrue(service["read_only"])
                self.assertEqual(service["cap_drop"], ["ALL"])
                self.assertEqual(service["security_opt"], ["no-new-privileges:true"])
                if "build" not in service:
                    self.assertRegex(service["image"], r":v?\d+\.\d+\.\d+$")
                    self.assertEqual(service["healthcheck"]["test"][0], "CMD")

    def test_files_that_are_mounted_exist_and_are_read_only(self) -> None:
        mounts = [mount for service in self.services.values() for mount in service.get("volumes", [])
                  if mount["type"] == "bind"]
        self.assertEqual(len(mounts), 4)
        for mount in mounts:
            self.assertTrue(os.path.exists(mount["source"]), mount["source"])
            self.assertTrue(mount["read_only"], mount["source"])

    def test_a_model_is_mounted_where_the_server_looks_for_it(self) -> None:
        self.assertIn("--model=", self.services["attnd"]["command"])
        server = services(ATTND_MODEL="/models/gpt2", ATTND_DTYPE="int8")["attnd"]
        self.assertEqual(server["command"][:2], ["--model=/model", "--dtype=int8"])
        self.assertEqual([(mount["source"], mount["target"]) for mount in server["volumes"]], [("/models/gpt2", "/model")])


if __name__ == "__main__":
    unittest.main()
