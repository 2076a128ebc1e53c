// Whether a server serves: by the standard gRPC health check, grpc.health.v1.Health/Check, or by its metrics.

#ifndef CLIENT_HEALTH_H_
#define CLIENT_HEALTH_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"

namespace attnd::client {

// What to do while there is no connection.
enum class WhenUnconnected { kFail, kWait };

// Asks for the health of the server as a whole.
//
// Errors: UNAVAILABLE when the server cannot be reached or answers anything but SERVING, DEADLINE_EXCEEDED when it does
// not answer in time, UNIMPLEMENTED when it has no health service.
absl::Status CheckHealth(const std::shared_ptr<grpc::Channel>& channel, absl::Time deadline,
                         WhenUnconnected when_unconnected);

// Asks the metrics port, "host:port", which needs neither certificate nor key: attnd_ready is 1 exactly while the whole
// server says SERVING.
//
// Errors: ParseHttpUrl's and HttpGet's; UNAVAILABLE when attnd_ready is not 1.
absl::Status CheckHealthByMetrics(absl::string_view metrics_address, absl::Time deadline);

}  // namespace attnd::client

#endif  // CLIENT_HEALTH_H_
