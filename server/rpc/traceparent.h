// The trace a call belongs to, as W3C Trace Context tells it.

#ifndef SERVER_RPC_TRACEPARENT_H_
#define SERVER_RPC_TRACEPARENT_H_

#include "absl/strings/string_view.h"

namespace attnd {

inline constexpr char kTraceparentKey[] = "traceparent";

// The trace id of a traceparent such as "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01": 32 lower-case
// hexadecimal digits. Empty for whatever the recommendation does not allow. Valid as long as `header`. Threads: any.
absl::string_view TraceIdOf(absl::string_view header);

}  // namespace attnd

#endif  // SERVER_RPC_TRACEPARENT_H_
