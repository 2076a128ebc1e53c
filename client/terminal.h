// Lines on a terminal that are drawn over.

#ifndef CLIENT_TERMINAL_H_
#define CLIENT_TERMINAL_H_

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace attnd::client {

// Back to the start of the line, the rest of it erased.
inline constexpr absl::string_view kRedraw = "\r\x1b[K";

// Often enough to look alive.
inline constexpr absl::Duration kRedrawInterval = absl::Milliseconds(200);

}  // namespace attnd::client

#endif  // CLIENT_TERMINAL_H_
