// The tensors that a ModelInfer call sends, found by their names and read, typed or raw.

#ifndef SERVER_OPEN_INFERENCE_INPUT_TENSORS_H_
#define SERVER_OPEN_INFERENCE_INPUT_TENSORS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "inference/open_inference.pb.h"

namespace attnd {

inline constexpr char kInputIds[] = "input_ids";
inline constexpr char kAttentionMask[] = "attention_mask";
inline constexpr char kLengths[] = "lengths";
inline constexpr char kText[] = "text";

// One of them. Borrows from the message.
struct InputTensor {
  const inference::ModelInferRequest::InferInputTensor* message = nullptr;
  const std::string* raw = nullptr;  // its element of raw_input_contents; null where it has contents

  const std::string& name() const { return message->name(); }
  int rank() const { return message->shape_size(); }
  int64_t size(int dimension) const { return message->shape(dimension); }
};

// Those that are there.
struct InputTensors {
  std::optional<InputTensor> input_ids;
  std::optional<InputTensor> attention_mask;
  std::optional<InputTensor> lengths;
  std::optional<InputTensor> text;
};

// Threads: any, all of them. Errors: INVALID_ARGUMENT naming the tensor or field, its value and the limit.

// Looks at names, parameters and at where the elements are, not at shapes and elements.
absl::StatusOr<InputTensors> FindInputTensors(const inference::ModelInferRequest& message);

// `what` is wrong with the tensor's shape: goes on from "NAME.shape = [...], ".
absl::Status InvalidShape(const InputTensor& tensor, absl::string_view what);

// The elements of an INT32 or INT64 tensor, of which there must be `count`, what its shape gives.
absl::StatusOr<std::vector<int64_t>> ReadIntegers(const InputTensor& tensor, int64_t count);

// The same of a BYTES tensor. Valid as long as the message.
absl::StatusOr<std::vector<absl::string_view>> ReadByteStrings(const InputTensor& tensor, int64_t count);

// Bytes of the call's text, before anything of it has been checked.
int64_t TextByteCount(const inference::ModelInferRequest& message);

}  // namespace attnd

#endif  // SERVER_OPEN_INFERENCE_INPUT_TENSORS_H_
