// Answers to ModelInfer.

#ifndef SERVER_OPEN_INFERENCE_INFER_REPLY_H_
#define SERVER_OPEN_INFERENCE_INFER_REPLY_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "inference/open_inference.pb.h"
#include "server/scheduling/request.h"

namespace attnd {

enum class InferOutput { kEmbedding, kHiddenState, kLogits, kTopK, kTopKLogProbability };
inline constexpr std::array kInferOutputs = {InferOutput::kEmbedding, InferOutput::kHiddenState, InferOutput::kLogits,
                                             InferOutput::kTopK, InferOutput::kTopKLogProbability};

// As in the protocol: the output's name and the type of its elements, "FP32" or "INT32".
const char* InferOutputName(InferOutput output);
const char* InferOutputDataType(InferOutput output);

// What an answer needs of its request's message, which may be gone by then.
struct InferReplyForm {
  std::string id;
  bool raw = false;                  // elements in raw_output_contents, else in contents
  bool final_response = false;       // says that it is the last to this request
  std::vector<InferOutput> outputs;  // in the order asked for
  int64_t row_length = 0;            // positions of a row where all are asked for; at least the longest input's
};

// Longest id that is returned.
inline constexpr int64_t kMaxInferIdBytes = 1024;

// The form as far as it goes without a look at the rest of `message`: what a refusal needs. Threads: any.
InferReplyForm BeginReplyForm(const inference::ModelInferRequest& message);

// What the reply to `request` takes, at most; its model need not be set. Threads: any.
int64_t InferReplyBytes(const Request& request, const ModelConfig& config, const InferReplyForm& form);

// `request` is computed to its end. Shorter inputs of outputs of all positions are padded with zeros. Threads: any.
void EncodeInfer(const Request& request, const InferReplyForm& form, inference::ModelInferResponse& message);

}  // namespace attnd

#endif  // SERVER_OPEN_INFERENCE_INFER_REPLY_H_
