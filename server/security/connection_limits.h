// How much connections may ask of gRPC, and how long they live.

#ifndef SERVER_SECURITY_CONNECTION_LIMITS_H_
#define SERVER_SECURITY_CONNECTION_LIMITS_H_

#include <grpcpp/server_builder.h>

#include <cstdint>

#include "absl/time/time.h"

namespace attnd {

struct ConnectionLimits {
  int64_t max_metadata_bytes = 16384;     // headers of one call
  int64_t max_concurrent_streams = 1024;  // calls in progress on one connection
  int64_t memory_quota_bytes = int64_t{1} << 30;
  // A connection that has shown no sign of life for the first is probed, and closed after the second.
  absl::Duration keepalive_time = absl::Seconds(120);
  absl::Duration keepalive_timeout = absl::Seconds(20);
  // What clients must leave between their own probes.
  absl::Duration min_ping_interval = absl::Seconds(10);
  bool keepalive_without_calls = true;
  // Zero: for ever.
  absl::Duration max_connection_age;
  absl::Duration max_connection_age_grace = absl::Seconds(60);
};

// Compressed messages are refused, whatever the limits.
void SetConnectionLimits(const ConnectionLimits& limits, grpc::ServerBuilder& builder);

}  // namespace attnd

#endif  // SERVER_SECURITY_CONNECTION_LIMITS_H_
