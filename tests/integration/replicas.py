"""Several servers of one model, and HAProxy in front of them."""

import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

import grpc

from integration import health
from integration.metric_names import rpc_labels
from integration.server_process import ServerProcess
from integration.waiting import wait_until

HAPROXY_CONFIG = Path(__file__).parents[2] / "deploy" / "haproxy" / "haproxy.cfg"


class Replicas:
    """A context: `with Replicas(3, "--model=DIR") as replicas`. Leaving it ends those that still run."""

    def __init__(self, count: int, *flags: str, prefixes: list[list[str]] | None = None):
        self.servers = [ServerProcess(*flags) for _ in range(count)]
        self._prefixes = prefixes or [[]] * count
        self._ended: list[ServerProcess] = []

    def __enter__(self) -> "Replicas":
        with ExitStack() as stack:
            stack.callback(self._end_all)
            for server, prefix in zip(self.servers, self._prefixes):
                server.start(prefix)
            for server in self.servers:
                server.connect(server.wait_until_ready())
            stack.pop_all()
        return self

    def __exit__(self, *error) -> None:
        self._end_all()

    @property
    def addresses(self) -> list[str]:
        """Where they listen, "host:port" each."""
        return [server.address for server in self.servers]

    @property
    def metrics_urls(self) -> str:
        """As attnd-load takes them."""
        return ",".join(f"http://{server.metrics_address}/metrics" for server in self.servers)

    def embed_count(self, number: int) -> float:
        """Embed calls that a server has answered with OK."""
        series = "grpc_server_handled_total" + rpc_labels("Embed", grpc_code="OK")
        try:
            return self.servers[number].metric(series)
        except KeyError:
            return 0

    def kill(self, number: int) -> None:
        """Ends a server without a warning."""
        self.servers[number].process.kill()
        self._forget(number)

    def drain(self, number: int) -> int:
        """Ends a server as an operator would; its exit code."""
        self.servers[number].terminate()
        return self._forget(number)

    def _forget(self, number: int) -> int:
        server = self.servers[number]
        self._ended.append(server)
        exit_code = server.wait()
        server.channel.close()
        server.discard_log()
        return exit_code

    def _end_all(self) -> None:
        for number, server in enumerate(self.servers):
            if server.process is not None and server not in self._ended:
                server.process.kill()
                if hasattr(server, "channel"):
                    self._forget(number)
                else:
                    server.wait()


class HaProxy:
    """A context: Debian's HAProxy with deploy/haproxy/haproxy.cfg, on a socket of its own, before up to three servers."""

    def __init__(self, addresses: list[str], check_interval: str = "100ms"):
        self._folder = tempfile.TemporaryDirectory(prefix="attnd-haproxy-")
        self._socket = Path(self._folder.name) / "haproxy.sock"
        self.target = f"unix:{self._socket}"
        # Servers that are not there are down.
        places = addresses + ["127.0.0.1:1"] * (3 - len(addresses))
        self._environment = {f"ATTND_SERVER_{number}": address for number, address in enumerate(places, 1)}
        self._environment |= {"ATTND_BIND": f"unix@{self._socket}", "ATTND_CHECK_INTERVAL": check_interval}
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> "HaProxy":
        command = [haproxy_path(), "-db", "-f", str(HAPROXY_CONFIG)]
        log = Path(self._folder.name) / "log.txt"
        with log.open("w") as log_file:
            self._process = subprocess.Popen(command, env=os.environ | self._environment, stdout=log_file,
                                             stderr=subprocess.STDOUT)
        try:
            wait_until(self._serves, "HAProxy serves")
        except AssertionError as error:
            self.__exit__()
            raise AssertionError(f"{error}\n{log.read_text() if log.exists() else ''}") from error
        return self

    def __exit__(self, *error) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)
        self._folder.cleanup()

    def _serves(self) -> bool:
        with grpc.insecure_channel(self.target) as channel:
            try:
                return health.check(channel) == health.SERVING
            except grpc.RpcError:
                return False


def haproxy_path() -> str | None:
    """Where HAProxy is; nothing where it is not installed."""
    return shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
