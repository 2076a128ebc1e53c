#include "server/lifecycle/heartbeat.h"

#include <algorithm>
#include <utility>

#include "absl/log/log.h"

namespace attnd {
namespace {

constexpr absl::Duration kMaxPeriod = absl::Seconds(1);

}  // namespace

Heartbeat::Heartbeat(absl::Duration timeout, std::function<absl::Time()> batch_started_at, HealthState& health,
                     const Clock& clock)
    : timeout_(timeout), batch_started_at_(std::move(batch_started_at)), health_(health), clock_(clock) {}

void Heartbeat::Start() {
  checks_.emplace("attnd-heartbeat", std::min(timeout_ / 4, kMaxPeriod), [this] { Check(); });
}

void Heartbeat::Check() {
  const absl::Duration computing = clock_.Now() - batch_started_at_();
  const bool late = computing > timeout_;
  if (late == late_) return;
  late_ = late;
  if (late) {
    LOG(ERROR) << "a batch has been computed for " << computing
               << ", longer than --engine_heartbeat_timeout_s=" << absl::ToInt64Seconds(timeout_)
               << "; health says NOT_SERVING until it ends";
  } else {
    LOG(WARNING) << "the batch that took too long has ended";
  }
  health_.SetEngineLate(late);
}

}  // namespace attnd
