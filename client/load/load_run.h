// The loop that makes the calls of a load, one way or the other:
//
//   closed  keeps a number of calls in flight; the server's speed sets the rate.
//   open    makes calls at random moments of a given rate, however slow the answers are, as independent callers do. A
//           call's latency counts from the moment it was due, so a stall is felt by every call due during it.

#ifndef CLIENT_LOAD_LOAD_RUN_H_
#define CLIENT_LOAD_LOAD_RUN_H_

#include <atomic>
#include <cstdint>
#include <variant>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "client/load/load_statistics.h"

namespace attnd::client {

struct ClosedLoop {
  int64_t concurrency = 1;
};

struct OpenLoop {
  double rate_per_s = 1;
  // Calls due while this many are in flight are counted and not sent, so that memory stays bounded.
  int64_t max_in_flight = 4096;
  uint64_t seed = 0;
};

struct LoadPlan {
  std::variant<ClosedLoop, OpenLoop> loop;
  // No call is due or made after this.
  absl::Duration duration;
  // Calls due at most; 0 for no limit.
  int64_t max_requests = 0;
};

// Starts one call and returns; calls `done` once, on any thread.
using SendCall = absl::AnyInvocable<void(absl::AnyInvocable<void(const Outcome&)> done)>;

// Carries out `plan` until it is finished or `stop` is set, waits for the calls in flight, and returns how long that
// took. Every `send` and every `done` has returned or is about to by then; `statistics` holds what happened.
LoadTimes RunLoad(const LoadPlan& plan, SendCall send, const std::atomic<bool>& stop, LoadStatistics& statistics);

}  // namespace attnd::client

#endif  // CLIENT_LOAD_LOAD_RUN_H_
