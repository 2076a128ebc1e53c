"""TLS and mutual TLS over TCP, and certificates that are replaced while a server runs."""

import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import grpc

from attnd.v1 import inference_pb2 as pb
from attnd.v1 import inference_pb2_grpc
from integration.certificates import RSA_1024, Authority, openssl
from integration.server_process import ServerProcess
from integration.waiting import TIMEOUT_SECONDS, wait_until
from oracle import golden

MODEL = f"--model={golden.folder('tiny')}"
EXPIRY = "attnd_tls_cert_expiry_timestamp_seconds"


class TlsTest(unittest.TestCase):
    """A server's certificate and key are in `served`, where the server reads them."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.authority = Authority(cls.folder, "servers")
        cls.first = cls.authority.issue("first", 101)
        cls.second = cls.authority.issue("second", 102)
        cls.weak = cls.authority.issue("weak", 103, RSA_1024)

    def setUp(self) -> None:
        served = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.certificate, self.key = served / "server.pem", served / "server.key"
        self.serve(self.first)

    def serve(self, pair: tuple[Path, Path]) -> None:
        """Puts a pair where the server reads it."""
        shutil.copy(pair[0], self.certificate)
        shutil.copy(pair[1], self.key)

    def server(self, *flags: str) -> ServerProcess:
        """A server with TLS that reads its files every second."""
        files = (f"--tls_cert={self.certificate}", f"--tls_key={self.key}")
        return ServerProcess(MODEL, *files, "--reread_interval_s=1", *flags)

    def call(self, server: ServerProcess, credentials: grpc.ChannelCredentials) -> grpc.StatusCode:
        """The status of a call over a connection of its own."""
        with grpc.secure_channel(server.address, credentials, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            stub = inference_pb2_grpc.InferenceServiceStub(channel)
            return stub.GetModel.future(pb.GetModelRequest(), timeout=TIMEOUT_SECONDS).code()

    def trusting(self, *pair: bytes) -> grpc.ChannelCredentials:
        """A client that trusts the authority, with a certificate if there is one."""
        return grpc.ssl_channel_credentials(self.authority.certificate.read_bytes(), *pair)

    def serial(self, server: ServerProcess) -> int:
        """Of the certificate that a new connection sees."""
        context = ssl.create_default_context(cafile=self.authority.certificate)
        context.set_alpn_protocols(["h2"])
        host, port = server.address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=TIMEOUT_SECONDS) as connection:
            with context.wrap_socket(connection, server_hostname="localhost") as tls:
                return int(tls.getpeercert()["serialNumber"], 16)

    def test_calls_pass_over_tls_and_plaintext_is_refused(self) -> None:
        with self.server() as server:
            self.assertEqual(self.call(server, self.trusting()), grpc.StatusCode.OK)
            plain = server.stub.GetModel.future(pb.GetModelRequest(), timeout=TIMEOUT_SECONDS)
            self.assertEqual(plain.code(), grpc.StatusCode.UNAVAILABLE)

    def test_a_client_that_does_not_trust_the_certificate_does_not_call(self) -> None:
        stranger = Authority(self.folder, "strangers").certificate.read_bytes()
        with self.server() as server:
            code = self.call(server, grpc.ssl_channel_credentials(stranger))
            self.assertEqual(code, grpc.StatusCode.UNAVAILABLE)

    def test_with_a_client_authority_only_its_clients_are_let_in(self) -> None:
        clients = Authority(self.folder, "clients")
        certificate, key = clients.issue("client", 201)
        with self.server(f"--tls_client_ca={clients.certificate}") as server:
            allowed = self.trusting(key.read_bytes(), certificate.read_bytes())
            self.assertEqual(self.call(server, allowed), grpc.StatusCode.OK)
            self.assertEqual(self.call(server, self.trusting()), grpc.StatusCode.UNAVAILABLE)
            other = self.trusting(self.first[1].read_bytes(), self.first[0].read_bytes())
            self.assertEqual(self.call(server, other), grpc.StatusCode.UNAVAILABLE)

    def test_a_replaced_certificate_is_served_to_new_connections(self) -> None:
        with self.server() as server:
            self.assertEqual(self.serial(server), 101)
            self.serve(self.second)
            wait_until(lambda: self.serial(server) == 102, "the new certificate is served")
            self.assertEqual(self.call(server, self.trusting()), grpc.StatusCode.OK)

    def test_a_replacement_that_is_not_whole_changes_nothing(self) -> None:
        with self.server() as server:
            # Of another key.
            shutil.copy(self.second[0], self.certificate)
            server.wait_for_log("is not the key of the first certificate in")
            self.assertEqual(self.serial(server), 101)
            self.serve(self.weak)
            server.wait_for_log("OpenSSL does not serve with it: ee key too small")
            self.assertEqual(self.serial(server), 101)
            self.certificate.write_bytes(self.first[0].read_bytes()[:200])
            server.wait_for_log("holds no certificate in PEM, or a broken one")
            self.assertEqual(self.serial(server), 101)
            self.certificate.unlink()
            server.wait_for_log(f"--tls_cert={self.certificate}: cannot be read")
            self.assertEqual(self.call(server, self.trusting()), grpc.StatusCode.OK)
            self.serve(self.second)
            wait_until(lambda: self.serial(server) == 102, "the new certificate is served")

    def test_a_scrape_tells_when_the_certificate_expires(self) -> None:
        with self.server() as server:
            self.assertAlmostEqual(server.metric(EXPIRY), time.time() + 24 * 3600, delta=3600)

    def test_with_tls_other_addresses_than_loopback_are_not_warned_of(self) -> None:
        with self.server("--address=0.0.0.0:0") as server:
            self.assertNotIn("without TLS", server.log())

    def test_files_it_cannot_serve_with_end_the_server_at_start(self) -> None:
        encrypted = self.folder / "encrypted.key"
        openssl("pkcs8", "-topk8", "-in", str(self.first[1]), "-out", str(encrypted), "-passout", "pass:secret")
        other_key, missing = self.second[1], self.folder / "missing.pem"
        for certificate, key, text in [
            (self.certificate, "", "--tls_cert needs --tls_key, too"),
            ("", self.key, "--tls_key needs --tls_cert, too"),
            (missing, self.key, f"--tls_cert={missing}: cannot be read"),
            (self.folder, self.key, f"--tls_cert={self.folder}: cannot be read"),
            (self.key, self.key, f"--tls_cert={self.key}: holds no certificate in PEM, or a broken one"),
            (self.certificate, encrypted, f"--tls_key={encrypted}: holds no private key in PEM, or an encrypted one"),
            (self.certificate, other_key,
             f"--tls_key={other_key}: is not the key of the first certificate in {self.certificate}"),
            (*self.weak, f"--tls_cert={self.weak[0]}: OpenSSL does not serve with it: ee key too small"),
        ]:
            with self.subTest(text):
                command = [os.environ["ATTND_SERVER"], "--address=127.0.0.1:0", "--metrics_address=127.0.0.1:0",
                           f"--tls_cert={certificate}", f"--tls_key={key}"]
                result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
                self.assertEqual(result.returncode, 1)
                self.assertEqual(result.stderr, f"attnd: INVALID_ARGUMENT: {text}\n")


if __name__ == "__main__":
    unittest.main()
