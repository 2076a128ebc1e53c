"""What a call raises that the server refused or did not answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

from attnd.v1 import inference_pb2 as pb

REQUEST_ID_KEY = "x-request-id"
_STATUS_KEY = "grpc-status-details-bin"
_CODES = {code.value[0]: code for code in grpc.StatusCode}


@dataclass(frozen=True)
class FieldViolation:
    """A field of the request that is wrong."""

    field: str  # its path, such as "inputs[0].token_ids.ids[3]"
    description: str


class CallError(Exception):
    """A call, or an item of a stream, that has no result.

    Errors are those of docs/errors.md, and gRPC's own: UNAVAILABLE when no server can be reached, DEADLINE_EXCEEDED
    after timeout_s.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str,
        *,
        request_id: str = "",
        field_violations: tuple[FieldViolation, ...] = (),
        retry_delay_s: float | None = None,
    ) -> None:
        super().__init__(f"{code.name}: {message}")
        self.code = code
        self.message = message
        # What to look for in the server's log; empty where no server answered.
        self.request_id = request_id
        # Empty but for INVALID_ARGUMENT.
        self.field_violations = field_violations
        # Seconds after which the call may be made again; None where the server names none.
        self.retry_delay_s = retry_delay_s


def from_rpc_error(error: Any) -> CallError:
    """Of what grpc or grpc.aio raised."""
    trailers = error.trailing_metadata()
    details = status_pb2.Status.FromString(_trailer(trailers, _STATUS_KEY, b""))
    return _from_details(error.code(), error.details() or "", details, request_id_of(trailers))


def request_id_of(trailers: Any) -> str:
    """The id by which the server calls a call; empty where none answered."""
    return str(_trailer(trailers, REQUEST_ID_KEY, ""))


def _trailer(trailers: Any, key: str, default: str | bytes) -> Any:
    return next((value for name, value in trailers or () if name == key), default)


def from_item_status(status: pb.ItemStatus, request_id: str) -> CallError:
    """Of an item; `request_id` is that of its stream."""
    details = status_pb2.Status.FromString(status.SerializeToString())
    return _from_details(_CODES.get(status.code, grpc.StatusCode.UNKNOWN), status.message, details, request_id)


def _from_details(code: grpc.StatusCode, message: str, status: Any, request_id: str) -> CallError:
    bad_request = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    request = error_details_pb2.RequestInfo()
    delay = None
    for detail in status.details:
        detail.Unpack(bad_request) or detail.Unpack(request)
        if detail.Unpack(retry):
            delay = retry.retry_delay.ToTimedelta().total_seconds()
    violations = tuple(FieldViolation(one.field, one.description) for one in bad_request.field_violations)
    return CallError(
        code,
        message,
        request_id=request.request_id or request_id,
        field_violations=violations,
        retry_delay_s=delay,
    )
