// How long a refused caller is to wait before it tries again, carried by the status that refuses it.

#ifndef SERVER_SCHEDULING_RETRY_HINT_H_
#define SERVER_SCHEDULING_RETRY_HINT_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace attnd {

// absl::InfiniteDuration(): trying again cannot help.
void SetRetryDelay(absl::Duration delay, absl::Status& status);

// Nothing when the status does not say.
std::optional<absl::Duration> RetryDelay(const absl::Status& status);

}  // namespace attnd

#endif  // SERVER_SCHEDULING_RETRY_HINT_H_
