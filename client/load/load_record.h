// What attnd-load has measured, as its reports tell it and its JSON keeps it.

#ifndef CLIENT_LOAD_LOAD_RECORD_H_
#define CLIENT_LOAD_LOAD_RECORD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/load/latency_summary.h"
#include "client/load/load_statistics.h"

namespace attnd::client {

// What was asked for, as far as a reader of the report needs it.
struct LoadDescription {
  std::string server;
  std::string model;
  // "embed" or "forward".
  std::string method;
  // "closed loop of 4", "open loop of 100 calls/s" or "sweep".
  std::string loop;
  // As in --length.
  std::string length;
  int64_t inputs_per_request = 1;
  uint64_t seed = 0;
  // When the load began, in UTC: "2026-11-24T15:00:00Z".
  std::string started;
};

inline constexpr std::array<double, 8> kPercents = {50, 75, 90, 95, 99, 99.5, 99.9, 99.99};
inline constexpr std::array<absl::string_view, 8> kPercentNames = {"p50", "p75",   "p90",   "p95",
                                                                   "p99", "p99.5", "p99.9", "p99.99"};

// Milliseconds of calls that succeeded; 0 where there are none.
struct Latencies {
  std::array<double, kPercents.size()> percentiles = {};  // at kPercents
  double max = 0;

  double p50() const { return percentiles[0]; }
  double p90() const { return percentiles[2]; }
  double p99() const { return percentiles[4]; }
  double p999() const { return percentiles[6]; }
};

// One load, alone or as a step of a sweep.
struct LoadPoint {
  double offered_per_second = 0;  // calls, as asked for; 0 in a closed loop
  double due_per_second = 0;      // calls, while any were due, as chance had it; those made in a closed loop
  double elapsed_seconds = 0;     // until the last answer
  int64_t sent = 0;
  int64_t not_sent = 0;
  int64_t ok = 0;
  // Of these, answered in the time in which calls were due and then as long as an answer takes at the least: the 10th
  // percentile of latency. Where a backlog grows, what is answered later does not count.
  int64_t ok_in_time = 0;
  int64_t ok_tokens = 0;
  Latencies latency;
  Latencies queue;
  Latencies compute;
  std::map<std::string, int64_t> calls_by_code;

  double ok_per_second() const;
  double ok_tokens_per_second() const;
  // Calls that were due, sent or not.
  int64_t due() const { return sent + not_sent; }
  // Calls answered with anything but OK, and those not sent.
  int64_t failed() const { return due() - ok; }
};

// Up to where the servers keep up.
struct Knee {
  double offered_per_second = 0;  // of the highest step that they kept up with; 0: of none
  // Why the steps above are too much; "not reached" where no step was.
  std::string reason;
};

// What the servers' metrics told between two scrapes, all servers together.
struct ServerSample {
  double seconds = 0;  // from the start of the load to the second scrape
  double batches_per_second = 0;
  double mean_batch_tokens = 0;
  double mean_batch_requests = 0;
  double mean_queue_ms = 0;
  double p99_queue_ms = 0;    // as far as the histogram's bounds tell
  double queue_requests = 0;  // at the second scrape
};

struct LoadRecord {
  LoadDescription description;
  std::vector<LoadPoint> points;  // one, or a sweep's by rising load
  std::optional<Knee> knee;       // of a sweep
  std::vector<ServerSample> samples;

  bool is_sweep() const { return knee.has_value(); }
  // Of all points.
  std::map<std::string, int64_t> calls_by_code() const;
  // The point that stands for all: the only one, or that at the knee, or the first where there is none. Requires a
  // point.
  const LoadPoint& main_point() const;
};

// `offered_per_second` is 0 for a closed loop.
LoadPoint MakeLoadPoint(const LoadResult& result, double offered_per_second);

}  // namespace attnd::client

#endif  // CLIENT_LOAD_LOAD_RECORD_H_
