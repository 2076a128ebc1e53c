#include "server/rpc/call_scope.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/logging/logging.h"
#include "server/rpc/metadata.h"
#include "server/rpc/peer.h"
#include "server/rpc/request_id.h"
#include "server/rpc/result_check.h"
#include "server/rpc/status.h"
#include "server/rpc/traceparent.h"
#include "server/scheduling/within_memory.h"

namespace attnd {
namespace {

// What a key must allow for `method`; nothing where anybody may call it, as they may the health service.
std::optional<Permission> PermissionFor(RpcMethod method) {
  switch (method) {
    case RpcMethod::kForward:
    case RpcMethod::kForwardStream:
      return Permission::kForward;
    case RpcMethod::kEmbed:
    case RpcMethod::kEmbedStream:
      return Permission::kEmbed;
    case RpcMethod::kGetModel:
      return Permission::kGetModel;
    case RpcMethod::kTokenize:
    case RpcMethod::kDetokenize:
      return Permission::kTokenize;
    case RpcMethod::kModelInfer:
    case RpcMethod::kModelStreamInfer:
      return Permission::kModelInfer;
    case RpcMethod::kServerMetadata:
    case RpcMethod::kModelMetadata:
    case RpcMethod::kModelConfig:
    case RpcMethod::kModelStatistics:
    case RpcMethod::kRepositoryIndex:
      return Permission::kModelMetadata;
    case RpcMethod::kServerLive:
    case RpcMethod::kServerReady:
    case RpcMethod::kModelReady:
      return std::nullopt;
    case RpcMethod::kReloadModel:
      break;
  }
  return Permission::kReloadModel;
}

}  // namespace

CallScope::CallScope(RpcMethod method, grpc::CallbackServerContext& context, const CallEnvironment& environment)
    : method_(method),
      context_(context),
      clock_(environment.clock),
      metrics_(environment.metrics),
      authenticator_(environment.authenticator),
      started_at_(clock_.Now()),
      request_id_(RequestIdFrom(MetadataValue(context, kRequestIdKey))),
      peer_(PeerHost(context.peer())),
      trace_id_(TraceIdOf(MetadataValue(context, kTraceparentKey))),
      admission_(Authenticate()) {
  metrics_.OnRpcStarted(method_);
}

absl::Status CallScope::Authenticate() {
  const std::optional<Permission> permission = PermissionFor(method_);
  if (authenticator_ == nullptr || !permission) return absl::OkStatus();
  auto caller = authenticator_->Authenticate(MetadataValue(context_, kAuthorizationKey), *permission);
  if (!caller.ok()) return CountRefusal(caller.status());
  key_ = *std::move(caller);
  return absl::OkStatus();
}

absl::Status CallScope::Submit(const std::shared_ptr<Request>& request, Scheduler& scheduler) const {
  const int64_t token_count = request->token_count();
  if (absl::Status status = Charge(token_count); !status.ok()) return status;
  request->caller = caller();
  request->deadline = std::min(request->deadline, deadline());
  const absl::Status status = scheduler.Submit(request);
  if (!status.ok() && key_) authenticator_->Refund(*key_, token_count);
  return status;
}

absl::Status CallScope::Charge(int64_t token_count) const {
  return key_ ? CountRefusal(authenticator_->Charge(*key_, token_count)) : absl::OkStatus();
}

absl::Status CallScope::CountRefusal(absl::Status status) const {
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
      metrics_.OnCallRefused(method_, CallRefusal::kUnauthenticated);
      break;
    case absl::StatusCode::kPermissionDenied:
      metrics_.OnCallRefused(method_, CallRefusal::kPermissionDenied);
      break;
    case absl::StatusCode::kResourceExhausted:
      metrics_.OnCallRefused(method_, CallRefusal::kRateLimited);
      break;
    default:
      break;
  }
  return status;
}

grpc::Status CallScope::End(const absl::Status& status, Stage stage, int64_t tokens) {
  metrics_.OnRpcHandled(method_, status.code(), clock_.Now() - started_at_);
  if (!status.ok()) Log({.stage = stage, .status = status, .tokens = tokens}, started_at_);
  context_.AddTrailingMetadata(kRequestIdKey, request_id_);
  if (const auto pushback_ms = RetryPushbackMs(status)) {
    context_.AddTrailingMetadata("grpc-retry-pushback-ms", absl::StrCat(*pushback_ms));
  }
  return ToGrpcStatus(EncodeStatus(status, request_id_));
}

void CallScope::LogItem(uint64_t item_id, const absl::Status& status, Stage stage, int64_t tokens,
                        absl::Time arrived_at) const {
  Log({.item_id = item_id, .stage = stage, .status = status, .tokens = tokens}, arrived_at);
}

void CallScope::Log(CallRecord record, absl::Time arrived_at) const {
  record.request_id = request_id_;
  record.trace_id = trace_id_;
  record.method = RpcMethodName(method_);
  record.peer = peer_;
  if (key_) record.key_id = key_->key_id;
  record.duration = clock_.Now() - arrived_at;
  if (!LogFailedCall(std::move(record))) metrics_.OnFailureNotLogged();
}

absl::Status CallScope::Reply(const absl::Status& computed, Request& request,
                              absl::FunctionRef<void(const Request&)> encode) const {
  absl::Status status = computed;
  if (status.ok()) status = CheckAwaited(request.deadline);
  const absl::Time started_at = clock_.Now();
  if (status.ok()) status = CheckResult(request);
  if (status.ok()) {
    status = WithinMemory([&] {
      encode(request);
      return absl::OkStatus();
    });
  }
  if (status.ok()) metrics_.OnSerialized(request.method, clock_.Now() - started_at);
  // The reply may take its time to leave; nothing else shall.
  LetGo(request);
  return status;
}

absl::Status CallScope::CheckAwaited(absl::Time deadline) const {
  if (deadline <= clock_.Now()) {
    return absl::DeadlineExceededError("the deadline passed while the call was computed");
  }
  if (context_.IsCancelled()) return absl::CancelledError("cancelled by the caller while it was computed");
  return absl::OkStatus();
}

absl::Time CallScope::deadline() const { return absl::FromChrono(context_.deadline()); }

void LetGo(Request& request) {
  for (SequenceInput& input : request.inputs) input = {.token_count = input.token_count};
  request.outputs = {};
  request.model = nullptr;
}

Stage StageOf(const absl::Status& computed, const Request& request) {
  if (computed.ok()) return Stage::kReply;
  return request.timing.batch_count == 0 ? Stage::kQueue : Stage::kCompute;
}

}  // namespace attnd
