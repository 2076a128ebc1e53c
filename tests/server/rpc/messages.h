// Calls for a small model, as a client would send them.

#ifndef TESTS_SERVER_RPC_MESSAGES_H_
#define TESTS_SERVER_RPC_MESSAGES_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "attnd/v1/inference.pb.h"
#include "engine/model/config.h"
#include "engine/text/tokenizer.h"

namespace attnd {

// 10 tokens, 8 positions, 4 channels, 2 layers.
inline ModelConfig SmallModel() {
  return {.vocabulary_size = 10,
          .context_length = 8,
          .embedding_length = 4,
          .head_count = 2,
          .layer_count = 2,
          .feed_forward_length = 16};
}

// What a model has that came without one.
inline const absl::StatusOr<Tokenizer>& NoTokenizer() {
  static const auto* const none = new absl::StatusOr<Tokenizer>(absl::FailedPreconditionError("no tokenizer here"));
  return *none;
}

inline void AddIds(const std::vector<uint32_t>& ids, google::protobuf::RepeatedPtrField<v1::Input>& inputs) {
  v1::TokenIds& message = *inputs.Add()->mutable_token_ids();
  message.mutable_ids()->Add(ids.begin(), ids.end());
}

// [rows, 4] of `values`.
inline void AddHidden(const std::vector<float>& values, google::protobuf::RepeatedPtrField<v1::Input>& inputs) {
  v1::Tensor& message = *inputs.Add()->mutable_hidden_states();
  message.set_data_type(v1::DATA_TYPE_FLOAT32);
  message.add_shape(static_cast<int64_t>(values.size()) / 4);
  message.add_shape(4);
  message.set_data(values.data(), values.size() * sizeof(float));
}

inline void AddLayer(const char* layer, v1::Positions positions, v1::ForwardRequest& message) {
  v1::HiddenStatesSelection& selection = *message.add_hidden_states();
  selection.set_layer(layer);
  selection.set_positions(positions);
}

}  // namespace attnd

#endif  // TESTS_SERVER_RPC_MESSAGES_H_
