// The one place where our errors become gRPC's. Codes have the same meaning on both sides:
//
//   the request is wrong (field, value and limit in the text)   INVALID_ARGUMENT
//   the queue is full                                           RESOURCE_EXHAUSTED
//   loading, draining or stopped                                UNAVAILABLE
//   the deadline passed                                         DEADLINE_EXCEEDED
//   the caller cancelled                                        CANCELLED
//   the engine failed (details in the server's log)             INTERNAL

#ifndef SERVER_RPC_STATUS_H_
#define SERVER_RPC_STATUS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace attnd {

// A text beyond 1 KiB is cut and ends with "...": gRPC sends it as a header field, and one above the receiver's limit,
// 8 KiB by default, would end every call of the connection. Threads: any.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace attnd

#endif  // SERVER_RPC_STATUS_H_
