#include "server/open_inference/infer_outputs.h"

#include <cstdint>
#include <optional>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/selection_limits.h"
#include "server/rpc/utf8.h"

namespace attnd {
namespace {

std::optional<InferOutput> ParseOutputName(absl::string_view name) {
  for (const InferOutput output : kInferOutputs) {
    if (name == InferOutputName(output)) return output;
  }
  return std::nullopt;
}

// The outputs named, in their order.
absl::Status DecodeNames(const inference::ModelInferRequest& message, InferReplyForm& form) {
  for (int i = 0; i < message.outputs_size(); ++i) {
    const std::string path = absl::StrCat("outputs[", i, "].name");
    const std::string& name = message.outputs(i).name();
    const auto output = ParseOutputName(name);
    if (!output) {
      return InvalidField(path, absl::StrCat("= ", Quoted(name),
                                             ", must be embedding, hidden_state, logits, top_k or "
                                             "top_k_log_probability"));
    }
    if (absl::c_linear_search(form.outputs, *output)) {
      return InvalidField(path, absl::StrCat("= \"", name, "\" is there twice"));
    }
    form.outputs.push_back(*output);
  }
  if (form.outputs.empty()) form.outputs = {InferOutput::kEmbedding};
  return absl::OkStatus();
}

// The parameters that an output takes: those of an embedding are the call's, those of top_k_log_probability top_k's.
absl::Span<const absl::string_view> ParametersOf(InferOutput output) {
  static constexpr absl::string_view kNames[] = {"positions", "k"};
  switch (output) {
    case InferOutput::kTopK:
      return kNames;
    case InferOutput::kHiddenState:
    case InferOutput::kLogits:
      return absl::MakeConstSpan(kNames).first(1);
    case InferOutput::kEmbedding:
    case InferOutput::kTopKLogProbability:
      break;
  }
  return {};
}

bool Takes(const InferReplyForm& form, absl::string_view parameter) {
  return absl::c_any_of(
      form.outputs, [parameter](InferOutput output) { return absl::c_linear_search(ParametersOf(output), parameter); });
}

// The call's parameters for outputs must be taken by one that is named.
absl::Status CheckTaken(const OutputOptions& options, const InferReplyForm& form) {
  if (options.positions && !Takes(form, "positions")) {
    return InvalidFieldWithText("parameters",
                                "positions is that of hidden_state, logits and top_k, and outputs name none of them");
  }
  if (options.k && !Takes(form, "k")) {
    return InvalidFieldWithText("parameters", "k is that of top_k, and outputs do not name it");
  }
  return absl::OkStatus();
}

// An output's own parameters, then the call's, then the defaults.
absl::Status SelectOutput(InferOutput output, const inference::ModelInferRequest::InferRequestedOutputTensor& message,
                          const OutputOptions& of_call, const std::string& path, const ModelConfig& config,
                          const CallLimits& limits, OutputSelection& selection) {
  const auto own = DecodeOutputOptions(message.parameters(), path, ParametersOf(output));
  if (!own.ok()) return own.status();
  const Positions positions = own->positions.value_or(of_call.positions.value_or(Positions::kLast));
  switch (output) {
    case InferOutput::kTopK: {
      const int64_t k = own->k.value_or(of_call.k.value_or(1));
      const std::string k_path = absl::StrCat(own->k ? path + "." : "", "parameters[\"k\"]");
      if (auto status = CheckTopK(k_path, k, config, limits); !status.ok()) return status;
      selection.top = TopSelection{.k = k, .positions = positions};
      break;
    }
    case InferOutput::kHiddenState:
      selection.hidden = {{.layer = config.layer_count + 1, .positions = positions}};
      break;
    case InferOutput::kLogits:
      selection.logits = positions;
      break;
    case InferOutput::kEmbedding:
    case InferOutput::kTopKLogProbability:
      break;
  }
  return absl::OkStatus();
}

absl::StatusOr<EmbeddingSelection> SelectEmbedding(const InferParameters& parameters, const ModelConfig& config) {
  const int64_t dimensions = parameters.dimensions.value_or(config.embedding_length);
  auto status = CheckDimensions("parameters[\"dimensions\"]", dimensions, config.embedding_length);
  if (!status.ok()) return status;
  return EmbeddingSelection{.pooling = parameters.pooling.value_or(Pooling::kLast),
                            .dimensions = dimensions,
                            .normalize = parameters.normalize.value_or(true)};
}

}  // namespace

absl::Status DecodeInferOutputs(const inference::ModelInferRequest& message, const InferParameters& parameters,
                                const ModelConfig& config, const CallLimits& limits, Request& request,
                                InferReplyForm& form) {
  if (auto status = DecodeNames(message, form); !status.ok()) return status;
  if (auto status = CheckTaken(parameters.outputs, form); !status.ok()) return status;
  for (int i = 0; i < message.outputs_size(); ++i) {
    auto status = SelectOutput(form.outputs[static_cast<size_t>(i)], message.outputs(i), parameters.outputs,
                               absl::StrCat("outputs[", i, "]"), config, limits, request.selection);
    if (!status.ok()) return status;
  }
  request.format.hidden.assign(request.selection.hidden.size(), ElementType::kFloat32);
  const auto names = [&form](InferOutput output) { return absl::c_linear_search(form.outputs, output); };
  if (names(InferOutput::kTopKLogProbability) && !names(InferOutput::kTopK)) {
    return InvalidFieldWithText("outputs", "outputs name top_k_log_probability, which needs top_k beside it");
  }
  if (!names(InferOutput::kEmbedding)) {
    if (!parameters.pooling && !parameters.normalize && !parameters.dimensions) return absl::OkStatus();
    return InvalidFieldWithText("parameters",
                                "pooling, normalize and dimensions are those of an embedding, and outputs name none");
  }
  const auto embedding = SelectEmbedding(parameters, config);
  if (!embedding.ok()) return embedding.status();
  request.selection.embedding = *embedding;
  return absl::OkStatus();
}

}  // namespace attnd
