// Keeps a flood of failing calls from becoming a flood of lines.

#ifndef SERVER_LOGGING_LINE_LIMIT_H_
#define SERVER_LOGGING_LINE_LIMIT_H_

#include <cstdint>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace attnd {

// Lets so many lines pass in each second, and counts the others. Threads: any.
class LineLimit {
 public:
  explicit LineLimit(int64_t lines_per_second) : lines_per_second_(lines_per_second) {}

  // How many were left out since the last that passed; nothing when this one is left out, too.
  std::optional<int64_t> Pass(absl::Time now);

 private:
  const int64_t lines_per_second_;
  absl::Mutex mutex_;
  int64_t second_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t lines_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t dropped_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace attnd

#endif  // SERVER_LOGGING_LINE_LIMIT_H_
