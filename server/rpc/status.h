// The one place where our errors become what callers are told. Codes have the same meaning on both sides:
//
//   INVALID_ARGUMENT      the request is wrong; BadRequest names the field       a retry cannot help
//   NOT_FOUND             no such model, or version of it                        a retry cannot help
//   UNIMPLEMENTED         what is asked for is not part of this build            a retry cannot help
//   RESOURCE_EXHAUSTED    the queue or a caller's share is full, or memory       after RetryInfo's delay, where given
//   UNAVAILABLE           loading, draining or stopped                           at once, elsewhere
//   DEADLINE_EXCEEDED     the deadline passed, or cannot be met                  -
//   CANCELLED             the caller cancelled                                   -
//   UNAUTHENTICATED       no key, or an unknown one                              a retry cannot help
//   PERMISSION_DENIED     the key does not allow the method                      a retry cannot help
//   FAILED_PRECONDITION   a checkpoint that cannot be served                     a retry cannot help
//   ABORTED               another reload is under way                            -
//   INTERNAL              the server's own fault, as is every code not listed; RequestInfo names the call, the log has
//                         the rest                                               -
//
// Details are the standard messages of google.rpc, in the trailer grpc-status-details-bin. What is said about retries
// goes into the trailer grpc-retry-pushback-ms, which gRPC's own retries obey.

#ifndef SERVER_RPC_STATUS_H_
#define SERVER_RPC_STATUS_H_

#include <grpcpp/support/status.h>

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "attnd/v1/inference.pb.h"
#include "google/rpc/status.pb.h"

namespace attnd {

// What the caller of `request_id` is told of `status`. A text beyond 1 KiB is cut and ends with "...": gRPC sends it as
// a header field, and one above the receiver's limit, 8 KiB by default, would end every call of the connection.
// Threads: any.
google::rpc::Status EncodeStatus(const absl::Status& status, absl::string_view request_id);

// The same as a call's status, with the whole of it as details.
grpc::Status ToGrpcStatus(const google::rpc::Status& status);

// The same as the status of an item of a stream.
v1::ItemStatus ToItemStatus(const google::rpc::Status& status);

// The value of grpc-retry-pushback-ms: milliseconds to wait, -1 for never. Nothing where it is not the server's to say.
std::optional<int64_t> RetryPushbackMs(const absl::Status& status);

}  // namespace attnd

#endif  // SERVER_RPC_STATUS_H_
