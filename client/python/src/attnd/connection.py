"""How servers are reached: addresses, TLS, retries, limits."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from attnd.errors import REQUEST_ID_KEY

SERVICE = "attnd.v1.InferenceService"
# Those that are one message each way. A stream's items have statuses of their own.
_UNARY_METHODS = ("Forward", "Embed", "Tokenize", "Detokenize", "GetModel")
_RETRYABLE = ("UNAVAILABLE", "RESOURCE_EXHAUSTED")
# Targets that may be several servers.
_SEVERAL = ("dns:", "ipv4:", "ipv6:")
_MAX_ATTEMPTS = 5  # gRPC's own limit
_SHORTEST_BACKOFF_S = 0.001  # a service config has no zero
_FIRST_RECONNECT_BACKOFF_MS = 100
_MAX_RECONNECT_BACKOFF_MS = 1000


@dataclass(frozen=True)
class Tls:
    """Texts in PEM, not paths; from_files reads them. Raises ValueError for an empty text, and for half a pair."""

    authorities: bytes | None = None  # whom to trust; None: the authorities that gRPC brings
    certificate: bytes | None = None  # this client's own, for a server that asks for one; both or neither
    private_key: bytes | None = None
    server_name: str | None = None  # to expect in the server's certificate; None: that of the target or its first

    def __post_init__(self) -> None:
        # gRPC ends the process over half a pair, and connects to nobody where it is to trust nobody.
        for name in ("authorities", "certificate", "private_key"):
            text = getattr(self, name)
            if text is not None and not text:
                raise ValueError(f"{name} is empty, must be a text in PEM or None")
        if self.certificate is not None and self.private_key is None:
            raise ValueError("certificate without private_key, must be both or neither")
        if self.private_key is not None and self.certificate is None:
            raise ValueError("private_key without certificate, must be both or neither")

    @classmethod
    def from_files(
        cls,
        authorities: str | Path | None = None,
        certificate: str | Path | None = None,
        private_key: str | Path | None = None,
        server_name: str | None = None,
    ) -> Tls:
        """Raises OSError for a file that cannot be read, and ValueError as Tls."""
        return cls(_read(authorities), _read(certificate), _read(private_key), server_name)


@dataclass(frozen=True)
class RetryPolicy:
    """Which calls that failed are made again, by gRPC itself.

    Calls only, not streams, and only where the server said UNAVAILABLE or RESOURCE_EXHAUSTED, or died; after the time
    it names in grpc-retry-pushback-ms, not at all where that is negative, and else after a random time up to the
    backoff. All within the deadline.
    """

    max_attempts: int = 4  # in all, in [2, 5]
    first_backoff_s: float = 0.1  # before the second attempt; doubled before each further one, up to max_backoff_s
    max_backoff_s: float = 2.0

    def __post_init__(self) -> None:
        if not 2 <= self.max_attempts <= _MAX_ATTEMPTS:
            raise ValueError(
                f"max_attempts = {self.max_attempts}, must be in [2, {_MAX_ATTEMPTS}]; retry=None turns retries off"
            )
        for name in ("first_backoff_s", "max_backoff_s"):
            if getattr(self, name) < _SHORTEST_BACKOFF_S:
                raise ValueError(f"{name} = {getattr(self, name)}, must be at least {_SHORTEST_BACKOFF_S}")


@dataclass(frozen=True)
class Connection:
    """What Client and AsyncClient make a channel of."""

    target: str
    options: list[tuple[str, Any]]
    credentials: grpc.ChannelCredentials | None  # None: plaintext
    metadata: tuple[tuple[str, str], ...]  # of every call

    def call_metadata(self, request_id: str | None) -> tuple[tuple[str, str], ...]:
        """Of one call."""
        return self.metadata if request_id is None else (*self.metadata, (REQUEST_ID_KEY, request_id))


def connection(
    target: str | Sequence[str], tls: Tls | None, api_key: str | None, retry: RetryPolicy | None, max_message_bytes: int
) -> Connection:
    """Raises ValueError for addresses and keys that cannot be used."""
    options: list[tuple[str, Any]] = [
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_send_message_length", max_message_bytes),
        ("grpc.initial_reconnect_backoff_ms", _FIRST_RECONNECT_BACKOFF_MS),
        ("grpc.max_reconnect_backoff_ms", _MAX_RECONNECT_BACKOFF_MS),
        # As the server: no probe of bandwidth with every reply.
        ("grpc.http2.bdp_probe", 0),
        # Two clients of one target have two connections.
        ("grpc.use_local_subchannel_pool", 1),
        # A call is kept for another try whatever its size.
        ("grpc.per_rpc_retry_buffer_size", max_message_bytes),
        ("grpc.enable_retries", int(retry is not None)),
    ]
    if not isinstance(target, str):
        addresses = list(target)
        target = _joined(addresses)
        # Else the whole list, which is no host's name.
        options.append(("grpc.default_authority", addresses[0]))
    options.append(("grpc.service_config", json.dumps(_service_config(retry, target.startswith(_SEVERAL)))))
    credentials = None
    if tls is not None:
        credentials = grpc.ssl_channel_credentials(tls.authorities, tls.private_key, tls.certificate)
        if tls.server_name is not None:
            options.append(("grpc.ssl_target_name_override", tls.server_name))
    return Connection(target, options, credentials, _authorization(api_key))


def _read(path: str | Path | None) -> bytes | None:
    return None if path is None else Path(path).read_bytes()


def _service_config(retry: RetryPolicy | None, several: bool) -> Mapping[str, Any]:
    config: dict[str, Any] = {}
    if several:
        config = {"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": ""}}
    if retry is not None:
        policy = {
            "maxAttempts": retry.max_attempts,
            "initialBackoff": f"{retry.first_backoff_s:.3f}s",
            "maxBackoff": f"{retry.max_backoff_s:.3f}s",
            "backoffMultiplier": 2,
            "retryableStatusCodes": _RETRYABLE,
        }
        names = [{"service": SERVICE, "method": method} for method in _UNARY_METHODS]
        config["methodConfig"] = [{"name": names, "retryPolicy": policy}]
    return config


def _joined(addresses: Sequence[str]) -> str:
    """gRPC takes several addresses only as numbers, all of one version."""
    versions = set()
    for address in addresses:
        host, _, port = address.rpartition(":")
        try:
            versions.add(ipaddress.ip_address(host.strip("[]")).version)
        except ValueError:
            raise ValueError(
                f"address '{address}' is not IP:PORT; for servers behind one name pass 'dns:///NAME:PORT' alone"
            ) from None
        if not port.isdecimal():
            raise ValueError(f"address '{address}' has no port")
    if len(versions) != 1:
        raise ValueError(f"{len(addresses)} addresses, must be at least one, and all of IPv4 or all of IPv6")
    return f"ipv{versions.pop()}:" + ",".join(addresses)


def _authorization(api_key: str | None) -> tuple[tuple[str, str], ...]:
    if api_key is None:
        return ()
    if not api_key or not all("!" <= character <= "~" for character in api_key):
        raise ValueError("api_key is no API key: one is printable ASCII without spaces")
    return (("authorization", f"Bearer {api_key}"),)
