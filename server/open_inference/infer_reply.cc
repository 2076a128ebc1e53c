#include "server/open_inference/infer_reply.h"

#include <cstddef>
#include <cstring>

#include "absl/algorithm/container.h"
#include "absl/strings/string_view.h"
#include "server/open_inference/model_version.h"
#include "server/rpc/utf8.h"

namespace attnd {
namespace {

// More than protobuf adds to the bytes of one tensor (tags, lengths, names, shape) or to a whole reply.
constexpr int64_t kOverheadBytes = 256;

// Of every output.
constexpr size_t kElementBytes = 4;
static_assert(sizeof(float) == kElementBytes && sizeof(int32_t) == kElementBytes);

// What an output has for one input.
struct OutputRows {
  Positions positions = Positions::kLast;
  int64_t columns = 0;
};

OutputRows RowsOf(InferOutput output, const OutputSelection& selection, const ModelConfig& config) {
  switch (output) {
    case InferOutput::kHiddenState:
      return {.positions = selection.hidden.front().positions.which, .columns = config.embedding_length};
    case InferOutput::kLogits:
      return {.positions = selection.logits->which, .columns = config.vocabulary_size};
    case InferOutput::kTopK:
    case InferOutput::kTopKLogProbability:
      return {.positions = selection.top->positions.which, .columns = selection.top->k};
    case InferOutput::kEmbedding:
      break;
  }
  return {.columns = selection.embedding->dimensions};
}

template <typename Element>
absl::string_view BytesOf(const std::vector<Element>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Element)};
}

absl::string_view ElementsOf(InferOutput output, const SequenceOutput& values) {
  switch (output) {
    case InferOutput::kHiddenState:
      return BytesOf(values.hidden.front());
    case InferOutput::kLogits:
      return BytesOf(values.logits);
    case InferOutput::kTopK:
      return BytesOf(values.top.ids);
    case InferOutput::kTopKLogProbability:
      return BytesOf(values.top.log_probabilities);
    case InferOutput::kEmbedding:
      break;
  }
  return BytesOf(values.embedding);
}

// Zeros of this number, to be written over. Valid until the next tensor is added.
char* AddElements(InferOutput output, size_t count, bool raw, inference::ModelInferResponse::InferOutputTensor& tensor,
                  inference::ModelInferResponse& message) {
  if (raw) {
    std::string& bytes = *message.add_raw_output_contents();
    bytes.resize(count * kElementBytes);
    return bytes.data();
  }
  if (output == InferOutput::kTopK) {
    auto& integers = *tensor.mutable_contents()->mutable_int_contents();
    integers.Resize(static_cast<int>(count), 0);
    return reinterpret_cast<char*>(integers.mutable_data());
  }
  auto& floats = *tensor.mutable_contents()->mutable_fp32_contents();
  floats.Resize(static_cast<int>(count), 0);
  return reinterpret_cast<char*>(floats.mutable_data());
}

void EncodeOutput(InferOutput output, const Request& request, const InferReplyForm& form,
                  inference::ModelInferResponse& message) {
  const OutputRows rows = RowsOf(output, request.selection, request.model->config());
  auto& tensor = *message.add_outputs();
  tensor.set_name(InferOutputName(output));
  tensor.set_datatype(InferOutputDataType(output));
  tensor.add_shape(static_cast<int64_t>(request.outputs.size()));
  if (rows.positions == Positions::kAll) tensor.add_shape(form.row_length);
  tensor.add_shape(rows.columns);
  const auto row_elements = static_cast<size_t>(RowCount(rows.positions, form.row_length) * rows.columns);
  char* place = AddElements(output, request.outputs.size() * row_elements, form.raw, tensor, message);
  for (const SequenceOutput& values : request.outputs) {
    const absl::string_view elements = ElementsOf(output, values);
    std::memcpy(place, elements.data(), elements.size());
    place += row_elements * kElementBytes;
  }
}

}  // namespace

const char* InferOutputName(InferOutput output) {
  switch (output) {
    case InferOutput::kHiddenState:
      return "hidden_state";
    case InferOutput::kLogits:
      return "logits";
    case InferOutput::kTopK:
      return "top_k";
    case InferOutput::kTopKLogProbability:
      return "top_k_log_probability";
    case InferOutput::kEmbedding:
      break;
  }
  return "embedding";
}

const char* InferOutputDataType(InferOutput output) { return output == InferOutput::kTopK ? "INT32" : "FP32"; }

InferReplyForm BeginReplyForm(const inference::ModelInferRequest& message) {
  return {.id = std::string(Utf8Prefix(message.id(), kMaxInferIdBytes)), .raw = !message.raw_input_contents().empty()};
}

int64_t InferReplyBytes(const Request& request, const ModelConfig& config, const InferReplyForm& form) {
  int64_t byte_count = kOverheadBytes + static_cast<int64_t>(form.id.size());
  for (const InferOutput output : form.outputs) {
    const OutputRows rows = RowsOf(output, request.selection, config);
    byte_count += kOverheadBytes + static_cast<int64_t>(request.inputs.size()) *
                                       RowCount(rows.positions, form.row_length) * rows.columns *
                                       static_cast<int64_t>(kElementBytes);
  }
  return byte_count;
}

void EncodeInfer(const Request& request, const InferReplyForm& form, inference::ModelInferResponse& message) {
  message.set_model_name(request.model->name);
  message.set_model_version(OpenInferenceVersion(*request.model));
  message.set_id(form.id);
  for (const InferOutput output : form.outputs) EncodeOutput(output, request, form, message);
  const auto truncated = absl::c_count_if(request.truncated_from, [](int64_t count) { return count > 0; });
  auto& parameters = *message.mutable_parameters();
  if (truncated > 0) parameters["truncated_inputs"].set_int64_param(truncated);
  if (form.final_response) parameters["triton_final_response"].set_bool_param(true);
}

}  // namespace attnd
