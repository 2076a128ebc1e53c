#include "server/rpc/call_scope.h"

#include <chrono>

#include "absl/log/log.h"
#include "absl/strings/str_cat.h"
#include "server/rpc/metadata.h"
#include "server/rpc/peer.h"
#include "server/rpc/request_id.h"
#include "server/rpc/result_check.h"
#include "server/rpc/status.h"
#include "server/rpc/within_memory.h"

namespace attnd {

CallScope::CallScope(RpcMethod method, grpc::CallbackServerContext& context, const Clock& clock, Metrics& metrics)
    : method_(method),
      context_(context),
      clock_(clock),
      metrics_(metrics),
      started_at_(clock.Now()),
      request_id_(RequestIdFrom(MetadataValue(context, kRequestIdKey))),
      caller_(PeerHost(context.peer())) {
  metrics_.OnRpcStarted(method_);
}

grpc::Status CallScope::End(const absl::Status& status) {
  metrics_.OnRpcHandled(method_, status.code(), clock_.Now() - started_at_);
  if (absl::IsInternal(status)) LOG(ERROR) << "call " << request_id_ << " failed: " << status;
  context_.AddTrailingMetadata(kRequestIdKey, request_id_);
  if (const auto pushback_ms = RetryPushbackMs(status)) {
    context_.AddTrailingMetadata("grpc-retry-pushback-ms", absl::StrCat(*pushback_ms));
  }
  return ToGrpcStatus(EncodeStatus(status, request_id_));
}

absl::Status CallScope::Reply(const absl::Status& computed, Request& request,
                              absl::FunctionRef<void(const Request&)> encode) const {
  absl::Status status = computed;
  if (status.ok()) status = CheckAwaited();
  if (status.ok()) status = CheckResult(request);
  if (status.ok()) {
    status = WithinMemory([&] {
      encode(request);
      return absl::OkStatus();
    });
  }
  // The reply may take its time to leave; nothing else shall.
  request.outputs = {};
  request.model = nullptr;
  return status;
}

absl::Status CallScope::CheckAwaited() const {
  if (deadline() <= clock_.Now()) {
    return absl::DeadlineExceededError("the deadline passed while the call was computed");
  }
  if (context_.IsCancelled()) return absl::CancelledError("cancelled by the caller while it was computed");
  return absl::OkStatus();
}

absl::Time CallScope::deadline() const { return absl::FromChrono(context_.deadline()); }

}  // namespace attnd
