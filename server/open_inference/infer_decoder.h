// Checks ModelInfer calls and turns them into requests for the scheduler, the same that calls of attnd.v1 become.
// Everything that can be wrong with a call is found here, before it is queued.

#ifndef SERVER_OPEN_INFERENCE_INFER_DECODER_H_
#define SERVER_OPEN_INFERENCE_INFER_DECODER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/model/config.h"
#include "engine/text/tokenizer.h"
#include "inference/open_inference.pb.h"
#include "server/open_inference/infer_reply.h"
#include "server/open_inference/input_tensors.h"
#include "server/rpc/call_limits.h"
#include "server/scheduling/request.h"

namespace attnd {

// How a call is scheduled by the outputs it names, before they are checked.
Method ScheduledMethod(const inference::ModelInferRequest& message);

// Threads: any. Errors: INVALID_ARGUMENT naming the tensor, parameter or field, its value and the limit.
class InferDecoder {
 public:
  // `tokenizer` must outlive the decoder. The call arrived at `arrived_at`.
  InferDecoder(const ModelConfig& config, const absl::StatusOr<Tokenizer>& tokenizer, const CallLimits& limits,
               absl::Time arrived_at)
      : config_(config), tokenizer_(tokenizer), limits_(limits), arrived_at_(arrived_at) {}

  // `form` is that of BeginReplyForm, and complete if the call is right.
  absl::StatusOr<std::shared_ptr<Request>> Decode(const inference::ModelInferRequest& message,
                                                  InferReplyForm& form) const;

 private:
  absl::Status DecodeInputs(const InputTensors& tensors, bool truncate, Request& request, InferReplyForm& form) const;
  absl::Status DecodeIds(const InputTensors& tensors, Request& request, InferReplyForm& form) const;
  absl::StatusOr<std::vector<int64_t>> RowLengths(const InputTensors& tensors) const;
  absl::Status DecodeText(const InputTensor& text, bool truncate, Request& request, InferReplyForm& form) const;
  absl::Status CheckRowCount(const InputTensor& tensor) const;
  absl::Status AddTokens(int64_t row, const std::string& name, SequenceInput input, Request& request,
                         int64_t& token_count) const;

  const ModelConfig config_;
  const absl::StatusOr<Tokenizer>& tokenizer_;
  const CallLimits limits_;
  const absl::Time arrived_at_;
};

}  // namespace attnd

#endif  // SERVER_OPEN_INFERENCE_INFER_DECODER_H_
