#include "server/flag_checker.h"

#include <cstddef>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace attnd {
namespace {

constexpr int kMaxPort = 65535;

}  // namespace

int64_t FlagChecker::CheckRange(const char* flag, int64_t value, int64_t low, int64_t high) {
  if (status_.ok() && (value < low || value > high)) {
    status_ = absl::InvalidArgumentError(absl::StrFormat("--%s=%d, must be in [%d, %d]", flag, value, low, high));
  }
  return value;
}

std::string FlagChecker::CheckAddress(const char* flag, const std::string& address) {
  const size_t colon = address.rfind(':');
  int port = -1;
  const bool valid =
      colon != std::string::npos && absl::SimpleAtoi(address.substr(colon + 1), &port) && port >= 0 && port <= kMaxPort;
  if (status_.ok() && !valid) {
    status_ = absl::InvalidArgumentError(
        absl::StrFormat("--%s=%s, must be HOST:PORT with a port in [0, %d]", flag, address, kMaxPort));
  }
  return address;
}

void FlagChecker::CheckTogether(const char* flag, const std::string& value, const char* other,
                                const std::string& other_value) {
  if (!status_.ok() || value.empty() == other_value.empty()) return;
  status_ = absl::InvalidArgumentError(value.empty() ? absl::StrFormat("--%s needs --%s, too", other, flag)
                                                     : absl::StrFormat("--%s needs --%s, too", flag, other));
}

}  // namespace attnd
