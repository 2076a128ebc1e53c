// A whole load, from the first connection to the record of it.

#ifndef CLIENT_LOAD_LOAD_SESSION_H_
#define CLIENT_LOAD_LOAD_SESSION_H_

#include <atomic>

#include "absl/status/statusor.h"
#include "client/load/load_flags.h"
#include "client/load/load_record.h"

namespace attnd::client {

// Makes the load that `flags` ask for, or a sweep of them, until it is done or `stop` is set, and shows how far it has
// come. Errors: those of GetModel, with which it begins, and of Workload::Create.
absl::StatusOr<LoadRecord> MakeLoad(const LoadFlags& flags, const std::atomic<bool>& stop);

}  // namespace attnd::client

#endif  // CLIENT_LOAD_LOAD_SESSION_H_
