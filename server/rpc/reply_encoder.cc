#include "server/rpc/reply_encoder.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "server/rpc/layer_name.h"
#include "server/rpc/tensor_encoder.h"

namespace attnd {
namespace {

void EncodeTiming(const RequestTiming& timing, v1::Timing& message) {
  message.set_queue_seconds(absl::ToDoubleSeconds(timing.queue));
  message.set_compute_seconds(absl::ToDoubleSeconds(timing.compute));
  message.set_batch_tokens(static_cast<uint32_t>(timing.batch_tokens));
  message.set_batch_requests(static_cast<uint32_t>(timing.batch_requests));
  message.set_batch_count(static_cast<uint32_t>(timing.batch_count));
}

// Where the time of a request went and what computed it, in a reply of any method.
template <typename Reply>
void EncodeOrigin(const Request& request, Reply& message) {
  EncodeTiming(request.timing, *message.mutable_timing());
  message.set_model_version(request.model->version);
}

void EncodeConfig(const ModelConfig& config, v1::ModelConfig& message) {
  message.set_vocabulary_size(static_cast<uint32_t>(config.vocabulary_size));
  message.set_context_length(static_cast<uint32_t>(config.context_length));
  message.set_embedding_length(static_cast<uint32_t>(config.embedding_length));
  message.set_head_count(static_cast<uint32_t>(config.head_count));
  message.set_layer_count(static_cast<uint32_t>(config.layer_count));
  message.set_feed_forward_length(static_cast<uint32_t>(config.feed_forward_length));
  message.set_layer_norm_epsilon(static_cast<double>(config.layer_norm_epsilon));
  message.set_activation_function(std::string(ActivationName(config.activation)));
  message.set_tied_output_head(config.tied_output_head);
}

v1::DataType EncodeDataType(DataType type) {
  switch (type) {
    case DataType::kBfloat16:
      return v1::DATA_TYPE_BFLOAT16;
    case DataType::kInt8:
      return v1::DATA_TYPE_INT8;
    case DataType::kFloat32:
      break;
  }
  return v1::DATA_TYPE_FLOAT32;
}

void EncodeKernel(const EngineInfo& engine, v1::Kernel& message) {
  message.set_isa(engine.isa);
  message.set_linear_implementation(engine.linear_implementation);
  message.set_output_head_implementation(engine.output_head_implementation);
  message.set_vector_target(engine.vector_target);
  message.set_onednn_version(engine.onednn_version);
}

// Tokens of the text that input `i` was cut from, else 0.
uint32_t TruncatedFrom(const Request& request, size_t i) {
  return request.truncated_from.empty() ? 0 : static_cast<uint32_t>(request.truncated_from[i]);
}

void EncodeTop(const Request& request, size_t i, v1::ForwardResult& result) {
  const TopSelection& selection = *request.selection.top;
  const TopTokens& top = request.outputs[i].top;
  const int64_t token_count = request.inputs[i].token_count;
  for (int64_t row = 0; row < RowCount(selection.positions, token_count); ++row) {
    v1::TopTokens& message = *result.add_top_k();
    message.set_position(static_cast<uint32_t>(PositionOfRow(selection.positions, row, token_count)));
    for (auto at = static_cast<size_t>(row * selection.k); at < static_cast<size_t>((row + 1) * selection.k); ++at) {
      message.add_ids(static_cast<uint32_t>(top.ids[at]));
      message.add_logits(top.logits[at]);
      message.add_log_probabilities(top.log_probabilities[at]);
    }
  }
}

void EncodeTokenLogProbabilities(const Request& request, size_t i, v1::TokenLogProbabilities& message) {
  for (const int32_t id : request.inputs[i].token_ids) message.add_token_ids(static_cast<uint32_t>(id));
  double sum = 0;
  for (const float value : request.outputs[i].token_log_probabilities) {
    message.add_log_probabilities(value);
    sum += static_cast<double>(value);
  }
  message.set_sum(sum);
}

// Without bytes where these go ahead of the result.
void EncodeTensor(absl::Span<const float> floats, int64_t columns, ElementType type, const ReplyFormat& format,
                  v1::Tensor& message) {
  if (format.IsChunked(static_cast<int64_t>(floats.size()), type)) {
    EncodeShape(floats, columns, type, message);
  } else {
    EncodeRows(floats, columns, type, message);
  }
}

// Input `i` of a computed request.
void EncodeForwardResult(const Request& request, size_t i, const ModelConfig& config, v1::ForwardResult& result) {
  const SequenceOutput& output = request.outputs[i];
  result.set_token_count(static_cast<uint32_t>(request.inputs[i].token_count));
  result.set_truncated_from(TruncatedFrom(request, i));
  for (size_t j = 0; j < output.hidden.size(); ++j) {
    v1::HiddenStates& hidden = *result.add_hidden_states();
    hidden.set_layer(LayerName(request.selection.hidden[j].layer, config.layer_count));
    EncodeTensor(output.hidden[j], config.embedding_length, request.format.hidden[j], request.format,
                 *hidden.mutable_values());
  }
  if (request.selection.logits) {
    EncodeTensor(output.logits, config.vocabulary_size, request.format.logits, request.format,
                 *result.mutable_logits());
  }
  if (request.selection.top) EncodeTop(request, i, result);
  if (request.selection.token_log_probabilities) {
    EncodeTokenLogProbabilities(request, i, *result.mutable_token_log_probabilities());
  }
}

// Appends the vector of input `i` to `bytes`. Returns its scale where its type has one.
std::optional<float> AppendEmbedding(const Request& request, size_t i, std::string& bytes) {
  const std::vector<float>& embedding = request.outputs[i].embedding;
  if (request.format.embedding == ElementType::kInt8) return AppendInt8(embedding, bytes);
  AppendElements(embedding, request.format.embedding, bytes);
  return std::nullopt;
}

}  // namespace

void EncodeForward(const Request& request, const ModelConfig& config, v1::ForwardResponse& message) {
  for (size_t i = 0; i < request.outputs.size(); ++i) EncodeForwardResult(request, i, config, *message.add_results());
  EncodeOrigin(request, message);
}

void EncodeForwardItem(const Request& request, v1::ForwardStreamResponse& message) {
  EncodeForwardResult(request, 0, request.model->config(), *message.mutable_result());
  EncodeOrigin(request, message);
}

void EncodeEmbedItem(const Request& request, v1::EmbedStreamResponse& message) {
  const std::vector<float>& embedding = request.outputs[0].embedding;
  v1::EmbedResult& result = *message.mutable_result();
  v1::Tensor& tensor = *result.mutable_embedding();
  tensor.set_data_type(EncodeElementType(request.format.embedding));
  tensor.add_shape(static_cast<int64_t>(embedding.size()));
  if (const auto scale = AppendEmbedding(request, 0, *tensor.mutable_data())) result.set_scale(*scale);
  result.set_token_count(static_cast<uint32_t>(request.inputs[0].token_count));
  result.set_truncated_from(TruncatedFrom(request, 0));
  EncodeOrigin(request, message);
}

void EncodeEmbed(const Request& request, v1::EmbedResponse& message) {
  const size_t dimensions = request.outputs[0].embedding.size();
  v1::Tensor& embeddings = *message.mutable_embeddings();
  embeddings.set_data_type(EncodeElementType(request.format.embedding));
  embeddings.add_shape(static_cast<int64_t>(request.outputs.size()));
  embeddings.add_shape(static_cast<int64_t>(dimensions));
  std::string& data = *embeddings.mutable_data();
  data.reserve(request.outputs.size() * dimensions * static_cast<size_t>(ElementBytes(request.format.embedding)));
  for (size_t i = 0; i < request.outputs.size(); ++i) {
    if (const auto scale = AppendEmbedding(request, i, data)) message.add_scales(*scale);
    message.add_token_counts(static_cast<uint32_t>(request.inputs[i].token_count));
  }
  if (absl::c_any_of(request.truncated_from, [](int64_t count) { return count > 0; })) {
    for (size_t i = 0; i < request.outputs.size(); ++i) message.add_truncated_from(TruncatedFrom(request, i));
  }
  EncodeOrigin(request, message);
}

void EncodeModel(const ModelDescription& model, v1::GetModelResponse& message) {
  message.set_name(model.name);
  EncodeConfig(model.engine.config, *message.mutable_config());
  message.set_parameter_count(static_cast<uint64_t>(model.engine.parameter_count));
  message.set_data_type(EncodeDataType(model.engine.data_type));
  v1::ModelLimits& limits = *message.mutable_limits();
  limits.set_max_request_inputs(static_cast<uint32_t>(model.limits.max_request_inputs));
  limits.set_max_request_tokens(static_cast<uint32_t>(model.limits.max_request_tokens));
  limits.set_max_input_tokens(static_cast<uint32_t>(model.engine.config.context_length));
  limits.set_max_request_bytes(static_cast<uint64_t>(model.limits.max_request_bytes));
  limits.set_max_reply_bytes(static_cast<uint64_t>(model.limits.max_reply_bytes));
  limits.set_max_request_text_bytes(static_cast<uint64_t>(model.limits.max_request_text_bytes));
  limits.set_max_chunked_reply_bytes(static_cast<uint64_t>(model.limits.max_chunked_reply_bytes));
  limits.set_max_top_k(static_cast<uint32_t>(model.limits.max_top_k));
  limits.set_max_stream_items(static_cast<uint32_t>(model.limits.max_stream_items));
  limits.set_max_batch_tokens(static_cast<uint32_t>(model.engine.max_batch_tokens));
  message.set_weights_sha256(model.engine.weights_sha256);
  EncodeKernel(model.engine, *message.mutable_kernel());
  message.mutable_kernel()->set_thread_count(static_cast<uint32_t>(model.thread_count));
  message.mutable_kernel()->set_worker_count(static_cast<uint32_t>(model.worker_count));
  message.set_server_version(model.server_version);
  message.set_model_version(model.version);
  message.set_tokenizer_token_count(static_cast<uint32_t>(model.tokenizer_token_count));
}

}  // namespace attnd
