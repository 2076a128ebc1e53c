#include "server/scheduling/admission.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/scheduling/retry_hint.h"

namespace attnd {
namespace {

// Sooner than this a caller that was refused need not come back.
constexpr absl::Duration kMinRetryDelay = absl::Milliseconds(50);

Refusal Exhausted(RejectReason reason, const std::string& text, absl::Duration retry_delay) {
  Refusal refusal{.reason = reason, .status = absl::ResourceExhaustedError(text)};
  SetRetryDelay(std::max(retry_delay, kMinRetryDelay), refusal.status);
  return refusal;
}

}  // namespace

std::optional<Refusal> CheckCapacity(const SchedulerLimits& limits, const Occupancy& occupancy, const Demand& demand) {
  const Load& queued = occupancy.queued;
  if (queued.requests >= limits.max_requests) {
    return Exhausted(RejectReason::kQueueRequests,
                     absl::StrCat("the queue holds ", queued.requests, " calls, its limit (", limits.max_requests,
                                  "); call again later"),
                     occupancy.estimated_queue_delay);
  }
  if (queued.requests > 0 && queued.tokens + demand.tokens > limits.max_tokens) {
    return Exhausted(RejectReason::kQueueTokens,
                     absl::StrCat("the queue holds ", queued.tokens, " tokens, and this call's ", demand.tokens,
                                  " would exceed its limit of ", limits.max_tokens, "; call again later"),
                     occupancy.estimated_queue_delay);
  }
  return CheckReplyBytes(limits, occupancy, demand.reply_bytes);
}

std::optional<Refusal> CheckReplyBytes(const SchedulerLimits& limits, const Occupancy& occupancy, int64_t reply_bytes) {
  const int64_t pending = occupancy.pending_reply_bytes;
  if (pending == 0 || pending + reply_bytes <= limits.max_pending_reply_bytes) return std::nullopt;
  return Exhausted(
      RejectReason::kReplyBytes,
      absl::StrCat("replies of ", pending, " bytes are computed or not yet read, and this call's ", reply_bytes,
                   " would exceed the limit of ", limits.max_pending_reply_bytes, "; call again later"),
      occupancy.estimated_queue_delay);
}

std::optional<Refusal> CheckDeadline(absl::Duration remaining, absl::Duration estimate) {
  if (remaining <= absl::ZeroDuration()) {
    return Refusal{.reason = RejectReason::kDeadlineInfeasible,
                   .status = absl::DeadlineExceededError("the call's deadline passed before it reached the queue")};
  }
  if (estimate > remaining) {
    return Refusal{
        .reason = RejectReason::kDeadlineInfeasible,
        .status = absl::DeadlineExceededError(absl::StrCat(
            "the call would be done in an estimated ", absl::ToInt64Milliseconds(estimate),
            " ms, and its deadline is in ", absl::ToInt64Milliseconds(remaining), " ms; it was not computed"))};
  }
  return std::nullopt;
}

}  // namespace attnd
