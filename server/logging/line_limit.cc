#include "server/logging/line_limit.h"

#include <utility>

namespace attnd {

std::optional<int64_t> LineLimit::Pass(absl::Time now) {
  const absl::MutexLock lock(&mutex_);
  const int64_t second = absl::ToUnixSeconds(now);
  if (second != second_) {
    second_ = second;
    lines_ = 0;
  }
  if (lines_ >= lines_per_second_) {
    ++dropped_;
    return std::nullopt;
  }
  ++lines_;
  return std::exchange(dropped_, 0);
}

}  // namespace attnd
