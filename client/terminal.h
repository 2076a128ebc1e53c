// Lines on a terminal that are drawn over.

#ifndef CLIENT_TERMINAL_H_
#define CLIENT_TERMINAL_H_

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace attnd::client {

// Back to the start of the line, the rest of it erased.
inline constexpr absl::string_view kRedraw = "\r\x1b[K";

// Often enough to look alive.
inline constexpr absl::Duration kRedrawInterval = absl::Milliseconds(200);

// Often enough for a log, where every line stays.
inline constexpr absl::Duration kLogInterval = absl::Seconds(5);

// "[######..................]" for a quarter; `fraction` is in [0, 1].
inline std::string Bar(double fraction) {
  constexpr size_t kWidth = 24;
  const auto filled = static_cast<size_t>(std::clamp(fraction, 0.0, 1.0) * kWidth);
  return absl::StrCat("[", std::string(filled, '#'), std::string(kWidth - filled, '.'), "]");
}

}  // namespace attnd::client

#endif  // CLIENT_TERMINAL_H_
