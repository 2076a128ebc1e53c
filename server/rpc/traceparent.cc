#include "server/rpc/traceparent.h"

#include <cstddef>

#include "absl/algorithm/container.h"

namespace attnd {
namespace {

// version "-" trace-id "-" parent-id "-" flags; a version above 00 may go on after another "-".
constexpr size_t kTraceStart = 3;
constexpr size_t kTraceDigits = 32;
constexpr size_t kParentStart = kTraceStart + kTraceDigits + 1;
constexpr size_t kParentDigits = 16;
constexpr size_t kFlagsStart = kParentStart + kParentDigits + 1;
constexpr size_t kLength = kFlagsStart + 2;

bool IsHex(absl::string_view text) {
  return absl::c_all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(absl::string_view text) { return text.find_first_not_of('0') == absl::string_view::npos; }

}  // namespace

absl::string_view TraceIdOf(absl::string_view header) {
  if (header.size() < kLength) return {};
  const absl::string_view version = header.substr(0, 2);
  const absl::string_view trace = header.substr(kTraceStart, kTraceDigits);
  const absl::string_view parent = header.substr(kParentStart, kParentDigits);
  const absl::string_view flags = header.substr(kFlagsStart, 2);
  const bool separated = header[2] == '-' && header[kParentStart - 1] == '-' && header[kFlagsStart - 1] == '-';
  const bool ends = header.size() == kLength || (version != "00" && header[kLength] == '-');
  if (!separated || !ends || version == "ff") return {};
  if (!IsHex(version) || !IsHex(trace) || !IsHex(parent) || !IsHex(flags)) return {};
  if (IsZero(trace) || IsZero(parent)) return {};
  return trace;
}

}  // namespace attnd
