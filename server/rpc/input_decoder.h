// Checks one input of a call, be it token ids or a tensor of hidden states.

#ifndef SERVER_RPC_INPUT_DECODER_H_
#define SERVER_RPC_INPUT_DECODER_H_

#include <string>

#include "absl/status/statusor.h"
#include "attnd/v1/inference.pb.h"
#include "engine/engine.h"
#include "engine/model/config.h"

namespace attnd {

// `path` is the input's place in the call, such as "inputs[2]". Threads: any. Errors: INVALID_ARGUMENT naming the
// field, its value and the limit.
absl::StatusOr<SequenceInput> DecodeInput(const v1::Input& message, const std::string& path, const ModelConfig& config);

}  // namespace attnd

#endif  // SERVER_RPC_INPUT_DECODER_H_
