#include "server/open_inference/infer_outputs.h"

#include <cstdint>
#include <optional>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
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

absl::StatusOr<TopSelection> SelectTop(const InferParameterMap& options, const std::string& path,
                                       const ModelConfig& config, const CallLimits& limits) {
  const auto decoded = DecodeOutputOptions(options, path, /*takes_k=*/true);
  if (!decoded.ok()) return decoded.status();
  if (auto status = CheckTopK(path + ".parameters[\"k\"]", decoded->k, config, limits); !status.ok()) return status;
  return TopSelection{.k = decoded->k, .positions = decoded->positions};
}

absl::Status SelectOutput(InferOutput output, const InferParameterMap& options, const std::string& path,
                          const ModelConfig& config, const CallLimits& limits, OutputSelection& selection) {
  switch (output) {
    case InferOutput::kEmbedding:
      if (options.empty()) return absl::OkStatus();
      return InvalidField(path + ".parameters", "must be empty: those of an embedding are the call's");
    case InferOutput::kTopKLogProbability:
      if (options.empty()) return absl::OkStatus();
      return InvalidField(path + ".parameters", "must be empty: they are those of top_k");
    case InferOutput::kTopK: {
      const auto top = SelectTop(options, path, config, limits);
      if (!top.ok()) return top.status();
      selection.top = *top;
      return absl::OkStatus();
    }
    case InferOutput::kHiddenState:
    case InferOutput::kLogits:
      break;
  }
  const auto decoded = DecodeOutputOptions(options, path, /*takes_k=*/false);
  if (!decoded.ok()) return decoded.status();
  if (output == InferOutput::kLogits) {
    selection.logits = decoded->positions;
  } else {
    selection.hidden = {{.layer = config.layer_count + 1, .positions = decoded->positions}};
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
  for (int i = 0; i < message.outputs_size(); ++i) {
    auto status = SelectOutput(form.outputs[static_cast<size_t>(i)], message.outputs(i).parameters(),
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
