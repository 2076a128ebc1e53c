#include "server/scheduling/retry_hint.h"

#include <string>

#include "absl/strings/cord.h"

namespace attnd {
namespace {

// Of the payload: a duration as absl::FormatDuration writes it.
constexpr const char* kTypeUrl = "attnd/retry-delay";

}  // namespace

void SetRetryDelay(absl::Duration delay, absl::Status& status) {
  status.SetPayload(kTypeUrl, absl::Cord(absl::FormatDuration(delay)));
}

std::optional<absl::Duration> RetryDelay(const absl::Status& status) {
  const auto payload = status.GetPayload(kTypeUrl);
  absl::Duration delay;
  if (!payload || !absl::ParseDuration(std::string(*payload), &delay)) return std::nullopt;
  return delay;
}

}  // namespace attnd
