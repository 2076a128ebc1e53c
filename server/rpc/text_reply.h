// Answers to Tokenize and Detokenize.

#ifndef SERVER_RPC_TEXT_REPLY_H_
#define SERVER_RPC_TEXT_REPLY_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "attnd/v1/inference.pb.h"
#include "server/rpc/call_limits.h"
#include "server/scheduling/served_model.h"

namespace attnd {

// Told what the tokens of the reply take: before the work, once nothing is wrong with the call, at most; and then what
// the reply does take, where that is less. An error is what the call ends with.
using HoldBytes = absl::FunctionRef<absl::Status(int64_t)>;

// Each writes the reply, or says why there is none: INVALID_ARGUMENT naming the field, its value and the limit; for a
// model without a tokenizer the reason there is none; what `hold` says. Threads: any.
absl::Status AnswerTokenize(const ServedModel& model, const v1::TokenizeRequest& message, const CallLimits& limits,
                            HoldBytes hold, v1::TokenizeResponse& reply);
absl::Status AnswerDetokenize(const ServedModel& model, const v1::DetokenizeRequest& message, const CallLimits& limits,
                              HoldBytes hold, v1::DetokenizeResponse& reply);

}  // namespace attnd

#endif  // SERVER_RPC_TEXT_REPLY_H_
