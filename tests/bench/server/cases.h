// What is measured of a server, each beside what it is to be compared with.

#ifndef TESTS_BENCH_SERVER_CASES_H_
#define TESTS_BENCH_SERVER_CASES_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/client.h"
#include "client/load/workload.h"
#include "tests/bench/server/forked_server.h"

namespace attnd {

// CPUs that a server keeps busy while nobody calls it: timers, for the most part.
double MeasureIdleCpus(const ForkedServer& server);

// Embed calls of one input, so many at once that every batch is full and the next one waits behind it.
struct FullLoad {
  double tokens_per_second = 0;       // of calls answered
  double bare_tokens_per_second = 0;  // of the engine alone, in batches of the same shape, before and after
  double client_cpus = 0;             // CPUs that the client kept busy
  double in_full_batches = 0;         // share of the calls
  absl::Duration cpu_outside_engine;  // of the server, for a call, without what it takes while idle
};
absl::StatusOr<FullLoad> MeasureFullLoad(ForkedServer& server, client::Client& client, client::Workload& workload,
                                         const BatchShape& batch, int64_t batch_count, double idle_cpus);

// Of some durations.
struct Percentiles {
  absl::Duration p50;
  absl::Duration p99;
};

// Calls one after the other: what their round trips take beyond the engine's time, and those of calls in between that
// need no engine and so show what gRPC and the machine take by themselves.
struct IdleOverhead {
  Percentiles embed;
  Percentiles get_model;
  absl::Duration get_model_cpu;  // of the server, the median
};
absl::StatusOr<IdleOverhead> MeasureIdleOverhead(const ForkedServer& server, client::Client& client,
                                                 client::Workload& workload, int64_t call_count);

// Calls at random moments of a rate beyond what the server can do.
struct Overload {
  double tokens_per_second = 0;  // of calls answered
  double refused = 0;            // share of the calls
  absl::Duration p99;            // of the calls answered
};
absl::StatusOr<Overload> MeasureOverload(client::Client& client, client::Workload& workload, double calls_per_second,
                                         absl::Duration duration);

// Time of everything that one Embed call tells the metrics, alone in its batch.
absl::Duration MeasureMetricsOfACall();

}  // namespace attnd

#endif  // TESTS_BENCH_SERVER_CASES_H_
