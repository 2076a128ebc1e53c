// Answers to Tokenize and Detokenize.

#ifndef SERVER_RPC_TEXT_REPLY_H_
#define SERVER_RPC_TEXT_REPLY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "attnd/v1/inference.pb.h"
#include "server/rpc/call_limits.h"
#include "server/scheduling/served_model.h"

namespace attnd {

// What the reply to a call takes, at most.
int64_t TokenizeReplyBytes(const v1::TokenizeRequest& message, const CallLimits& limits);
int64_t DetokenizeReplyBytes(const ServedModel& model, const v1::DetokenizeRequest& message, const CallLimits& limits);

// Each writes the reply, or says why there is none: INVALID_ARGUMENT naming the field, its value and the limit; for a
// model without a tokenizer the reason there is none. Threads: any.
absl::Status AnswerTokenize(const ServedModel& model, const v1::TokenizeRequest& message, const CallLimits& limits,
                            v1::TokenizeResponse& reply);
absl::Status AnswerDetokenize(const ServedModel& model, const v1::DetokenizeRequest& message, const CallLimits& limits,
                              v1::DetokenizeResponse& reply);

}  // namespace attnd

#endif  // SERVER_RPC_TEXT_REPLY_H_
