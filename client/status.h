// gRPC's outcome of a call as an Abseil status.

#ifndef CLIENT_STATUS_H_
#define CLIENT_STATUS_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace attnd::client {

// The same code and message.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace attnd::client

#endif  // CLIENT_STATUS_H_
