#include "server/rpc/result_chunks.h"

#include <algorithm>
#include <utility>

#include "absl/types/span.h"
#include "server/rpc/tensor_encoder.h"

namespace attnd {

ResultChunks::ResultChunks(Request& request, const ModelConfig& config)
    : max_chunk_bytes_(request.format.max_chunk_bytes) {
  SequenceOutput& output = request.outputs[0];
  for (size_t i = 0; i < output.hidden.size(); ++i) {
    Take(static_cast<int>(i), output.hidden[i], config.embedding_length, request.format.hidden[i], request.format);
  }
  Take(kLogits, output.logits, config.vocabulary_size, request.format.logits, request.format);
}

void ResultChunks::Take(int place, std::vector<float>& values, int64_t columns, ElementType type,
                        const ReplyFormat& format) {
  if (!format.IsChunked(static_cast<int64_t>(values.size()), type)) return;
  tensors_.push_back({.place = place, .values = std::move(values), .columns = columns, .type = type});
}

bool ResultChunks::EncodeNext(v1::ForwardStreamResponse& message) {
  if (next_tensor_ == tensors_.size()) return false;
  Tensor& tensor = tensors_[next_tensor_];
  v1::TensorChunk& chunk = *message.mutable_chunk();
  if (tensor.place == kLogits) {
    chunk.set_logits(true);
  } else {
    chunk.set_hidden_states(static_cast<uint32_t>(tensor.place));
  }
  const auto value_count = static_cast<int64_t>(tensor.values.size());
  chunk.set_data_type(EncodeElementType(tensor.type));
  chunk.add_shape(value_count / tensor.columns);
  chunk.add_shape(tensor.columns);
  const auto element_bytes = static_cast<size_t>(ElementBytes(tensor.type));
  const size_t count =
      std::min(static_cast<size_t>(max_chunk_bytes_) / element_bytes, tensor.values.size() - next_value_);
  chunk.set_offset(next_value_ * element_bytes);
  std::string& data = *chunk.mutable_data();
  data.reserve(count * element_bytes);
  AppendElements(absl::MakeConstSpan(tensor.values).subspan(next_value_, count), tensor.type, data);
  next_value_ += count;
  if (next_value_ == tensor.values.size()) {
    tensor.values = {};
    ++next_tensor_;
    next_value_ = 0;
  }
  return true;
}

}  // namespace attnd
