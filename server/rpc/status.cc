#include "server/rpc/status.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/utf8.h"
#include "server/scheduling/retry_hint.h"

namespace attnd {
namespace {

// On the wire a byte may take three.
constexpr size_t kMaxTextBytes = 1024;

enum class Retry {
  kUnsaid,      // for the caller to decide
  kNever,       // the same call would fail again
  kAfterDelay,  // by the delay that the status carries
  kElsewhere,   // at once: another server may take it
};

struct Row {
  absl::StatusCode code;
  Retry retry;
};

constexpr Row kInternal = {absl::StatusCode::kInternal, Retry::kUnsaid};
constexpr Row kTable[] = {
    {absl::StatusCode::kInvalidArgument, Retry::kNever},  {absl::StatusCode::kNotFound, Retry::kNever},
    {absl::StatusCode::kUnimplemented, Retry::kNever},    {absl::StatusCode::kResourceExhausted, Retry::kAfterDelay},
    {absl::StatusCode::kUnavailable, Retry::kElsewhere},  {absl::StatusCode::kDeadlineExceeded, Retry::kUnsaid},
    {absl::StatusCode::kCancelled, Retry::kUnsaid},       {absl::StatusCode::kUnauthenticated, Retry::kNever},
    {absl::StatusCode::kPermissionDenied, Retry::kNever}, {absl::StatusCode::kFailedPrecondition, Retry::kNever},
    {absl::StatusCode::kAborted, Retry::kUnsaid},         kInternal,
};

const Row& RowOf(absl::StatusCode code) {
  const auto* const row = absl::c_find_if(kTable, [code](const Row& candidate) { return candidate.code == code; });
  return row == std::end(kTable) ? kInternal : *row;
}

std::string Bounded(absl::string_view text) {
  constexpr absl::string_view kCut = "...";
  if (text.size() <= kMaxTextBytes) return std::string(text);
  return absl::StrCat(Utf8Prefix(text, kMaxTextBytes - kCut.size()), kCut);
}

// How long the caller is to wait: infinitely where a retry cannot help, nothing where it is not the server's to say.
std::optional<absl::Duration> DelayOf(const absl::Status& status) {
  switch (RowOf(status.code()).retry) {
    case Retry::kNever:
      return absl::InfiniteDuration();
    case Retry::kAfterDelay:
      return RetryDelay(status);
    case Retry::kElsewhere:
      return absl::ZeroDuration();
    case Retry::kUnsaid:
      break;
  }
  return std::nullopt;
}

void AddBadRequest(const std::string& field, const std::string& text, google::rpc::Status& message) {
  google::rpc::BadRequest details;
  auto& violation = *details.add_field_violations();
  violation.set_field(field);
  violation.set_description(text);
  message.add_details()->PackFrom(details);
}

void AddRetryInfo(absl::Duration delay, google::rpc::Status& message) {
  google::rpc::RetryInfo details;
  *details.mutable_retry_delay() =
      google::protobuf::util::TimeUtil::NanosecondsToDuration(absl::ToInt64Nanoseconds(delay));
  message.add_details()->PackFrom(details);
}

void AddRequestInfo(absl::string_view request_id, google::rpc::Status& message) {
  google::rpc::RequestInfo details;
  details.set_request_id(std::string(request_id));
  message.add_details()->PackFrom(details);
}

}  // namespace

google::rpc::Status EncodeStatus(const absl::Status& status, absl::string_view request_id) {
  google::rpc::Status message;
  if (status.ok()) return message;
  const absl::StatusCode code = RowOf(status.code()).code;
  message.set_code(static_cast<int>(code));
  if (code == absl::StatusCode::kInternal) {
    message.set_message(
        absl::StrCat("this server failed to answer the call; its log says why, for request_id=", request_id));
    AddRequestInfo(request_id, message);
    return message;
  }
  message.set_message(Bounded(status.message()));
  if (const auto field = FieldOf(status)) AddBadRequest(*field, message.message(), message);
  if (const auto delay = DelayOf(status); delay && *delay != absl::InfiniteDuration()) AddRetryInfo(*delay, message);
  return message;
}

grpc::Status ToGrpcStatus(const google::rpc::Status& status) {
  if (status.code() == 0) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), status.message(), status.SerializeAsString()};
}

v1::ItemStatus ToItemStatus(const google::rpc::Status& status) {
  v1::ItemStatus message;
  message.set_code(status.code());
  message.set_message(status.message());
  *message.mutable_details() = status.details();
  return message;
}

std::optional<int64_t> RetryPushbackMs(const absl::Status& status) {
  const auto delay = status.ok() ? std::nullopt : DelayOf(status);
  if (!delay) return std::nullopt;
  if (*delay == absl::InfiniteDuration()) return -1;
  return absl::ToInt64Milliseconds(absl::Ceil(*delay, absl::Milliseconds(1)));
}

}  // namespace attnd
