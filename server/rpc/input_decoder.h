// Checks one input of a call, be it token ids, a tensor of hidden states or text.

#ifndef SERVER_RPC_INPUT_DECODER_H_
#define SERVER_RPC_INPUT_DECODER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "attnd/v1/inference.pb.h"
#include "engine/engine.h"
#include "engine/model/config.h"
#include "engine/text/tokenizer.h"

namespace attnd {

struct DecodedInput {
  SequenceInput input;
  int64_t truncated_from = 0;  // tokens of a text that was cut, else 0
};

// What inputs are checked against.
struct InputRules {
  const ModelConfig& config;
  const absl::StatusOr<Tokenizer>& tokenizer;
  bool truncate = false;  // texts that are too long; else they are refused
};

// Bytes of text, in one input or in all of a call.
int64_t TextByteCount(const v1::Input& message);
int64_t TextByteCount(const google::protobuf::RepeatedPtrField<v1::Input>& messages);

// `path` is the input's place in the call, such as "inputs[2]". Threads: any. Errors: INVALID_ARGUMENT naming the
// field, its value and the limit; for text without a tokenizer the reason there is none.
absl::StatusOr<DecodedInput> DecodeInput(const v1::Input& message, const std::string& path, const InputRules& rules);

// The same of a text, any bytes.
absl::StatusOr<DecodedInput> DecodeText(absl::string_view text, const std::string& path, const InputRules& rules);

}  // namespace attnd

#endif  // SERVER_RPC_INPUT_DECODER_H_
