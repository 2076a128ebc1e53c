// Checks values of flags and keeps the first that is wrong.

#ifndef SERVER_FLAG_CHECKER_H_
#define SERVER_FLAG_CHECKER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace attnd {

// Every check returns the value it was given. Threads: one at a time.
class FlagChecker {
 public:
  int64_t CheckRange(const char* flag, int64_t value, int64_t low, int64_t high);

  // "host:port".
  std::string CheckAddress(const char* flag, const std::string& address);

  // Two that need each other: both are given, or neither.
  void CheckTogether(const char* flag, const std::string& value, const char* other, const std::string& other_value);

  // INVALID_ARGUMENT naming the first flag that was wrong, its value and what it must be.
  const absl::Status& status() const { return status_; }

 private:
  absl::Status status_;
};

}  // namespace attnd

#endif  // SERVER_FLAG_CHECKER_H_
