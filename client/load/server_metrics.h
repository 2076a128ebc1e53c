// What attnd-load reads of the servers' own metrics.

#ifndef CLIENT_LOAD_SERVER_METRICS_H_
#define CLIENT_LOAD_SERVER_METRICS_H_

#include <map>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/load/load_record.h"

namespace attnd::client {

// Sums over all labels, since the server's start. docs/metrics.md says what each counts.
struct ServerMetrics {
  double batches = 0;
  double batch_tokens = 0;
  double batch_requests = 0;
  double queue_count = 0;
  double queue_seconds = 0;
  std::map<double, double> queue_buckets;  // calls that waited at most so many seconds
  double queue_requests = 0;               // now

  void Add(const ServerMetrics& other);
  // What came since `before`. The queue is that of now.
  ServerMetrics Since(const ServerMetrics& before) const;
};

// Reads Prometheus' text format. Other series, and lines that are none, are passed over. Errors: NOT_FOUND where a
// series is missing.
absl::StatusOr<ServerMetrics> ParseServerMetrics(absl::string_view text);

// `change` is what came in `interval`, which ended `end` after the start of the load.
ServerSample MakeServerSample(const ServerMetrics& change, absl::Duration interval, absl::Duration end);

}  // namespace attnd::client

#endif  // CLIENT_LOAD_SERVER_METRICS_H_
