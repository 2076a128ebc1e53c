// The check of a message against the model being served, whatever the message.

#ifndef SERVER_RPC_SERVED_DECODE_H_
#define SERVER_RPC_SERVED_DECODE_H_

#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "server/lifecycle/model_store.h"
#include "server/rpc/call_scope.h"
#include "server/scheduling/request.h"

namespace attnd {

using DecodeForModel = absl::FunctionRef<absl::StatusOr<std::shared_ptr<Request>>(const ServedModel&)>;

// What `decode` makes of a message for the model of the moment, which the request refers to from then on. Timed; a call
// while there is no model counts as a refusal of `method`. Errors: UNAVAILABLE then, and those of `decode`. Threads:
// any.
absl::StatusOr<std::shared_ptr<Request>> DecodeForServedModel(Method method, const ModelStore& models,
                                                              const CallEnvironment& environment,
                                                              DecodeForModel decode);

}  // namespace attnd

#endif  // SERVER_RPC_SERVED_DECODE_H_
