#include "server/rpc/selection_decoder.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/layer_name.h"
#include "server/rpc/selection_limits.h"
#include "server/rpc/utf8.h"

namespace attnd {
namespace {

using List = google::protobuf::RepeatedField<uint32_t>;

// Positions of a message, by name and in a list, and where they stand in it.
struct PositionFields {
  v1::Positions positions;
  const List& list;
  std::string positions_path;
  std::string list_path;
};

absl::StatusOr<PositionSelection> DecodeList(const List& list, const std::string& path, int64_t context_length) {
  if (list.empty() || list.size() > context_length) {
    return InvalidField(
        path, absl::StrFormat("has %d entries, must have 1 to %d for POSITIONS_LISTED", list.size(), context_length));
  }
  std::vector<int32_t> positions;
  std::vector<bool> seen(static_cast<size_t>(context_length));
  for (const uint32_t position : list) {
    const std::string place = absl::StrCat(path, "[", positions.size(), "]");
    if (position >= context_length) {
      return InvalidField(place,
                          absl::StrFormat("= %d, must be in [0, %d) (max_input_tokens)", position, context_length));
    }
    if (seen[position]) {
      return InvalidField(place, absl::StrFormat("= %d is listed twice, must be at most once", position));
    }
    seen[position] = true;
    positions.push_back(static_cast<int32_t>(position));
  }
  return PositionSelection(std::move(positions));
}

// POSITIONS_UNSPECIFIED gives `unspecified`.
absl::StatusOr<std::optional<PositionSelection>> DecodePositions(const PositionFields& fields, int64_t context_length,
                                                                 std::optional<PositionSelection> unspecified) {
  if (fields.positions != v1::POSITIONS_LISTED && !fields.list.empty()) {
    return InvalidField(fields.list_path,
                        absl::StrFormat("has %d entries, must have none unless %s is POSITIONS_LISTED",
                                        fields.list.size(), fields.positions_path));
  }
  switch (fields.positions) {
    case v1::POSITIONS_UNSPECIFIED:
      return unspecified;
    case v1::POSITIONS_LAST:
      return Positions::kLast;
    case v1::POSITIONS_ALL:
      return Positions::kAll;
    case v1::POSITIONS_LISTED:
      return DecodeList(fields.list, fields.list_path, context_length);
    default:
      return InvalidField(
          fields.positions_path,
          absl::StrFormat("= %d, must be POSITIONS_LAST (%d), POSITIONS_ALL (%d) or POSITIONS_LISTED (%d)",
                          int{fields.positions}, int{v1::POSITIONS_LAST}, int{v1::POSITIONS_ALL},
                          int{v1::POSITIONS_LISTED}));
  }
}

absl::StatusOr<Pooling> DecodePooling(v1::Pooling pooling) {
  switch (pooling) {
    case v1::POOLING_UNSPECIFIED:
    case v1::POOLING_LAST:
      return Pooling::kLast;
    case v1::POOLING_MEAN:
      return Pooling::kMean;
    case v1::POOLING_WEIGHTED_MEAN:
      return Pooling::kWeightedMean;
    default:
      return InvalidField(
          "pooling",
          absl::StrFormat("= %d, must be POOLING_LAST (%d), POOLING_MEAN (%d) or POOLING_WEIGHTED_MEAN (%d)",
                          int{pooling}, int{v1::POOLING_LAST}, int{v1::POOLING_MEAN}, int{v1::POOLING_WEIGHTED_MEAN}));
  }
}

// `message` is an EmbedRequest or an item of a stream.
template <typename Message>
absl::StatusOr<EmbeddingSelection> DecodeEmbeddingSelection(const Message& message, int64_t embedding_length) {
  const auto pooling = DecodePooling(message.pooling());
  if (!pooling.ok()) return pooling.status();
  const int64_t dimensions = message.has_dimensions() ? int64_t{message.dimensions()} : embedding_length;
  if (auto status = CheckDimensions("dimensions", dimensions, embedding_length); !status.ok()) return status;
  return EmbeddingSelection{
      .pooling = *pooling, .dimensions = dimensions, .normalize = !message.has_normalize() || message.normalize()};
}

absl::StatusOr<Priority> DecodePriority(v1::Priority priority) {
  switch (priority) {
    case v1::PRIORITY_CRITICAL:
      return Priority::kCritical;
    case v1::PRIORITY_HIGH:
      return Priority::kHigh;
    case v1::PRIORITY_UNSPECIFIED:
    case v1::PRIORITY_NORMAL:
      return Priority::kNormal;
    case v1::PRIORITY_LOW:
      return Priority::kLow;
    default:
      return InvalidField("priority",
                          absl::StrFormat("= %d, must be in [PRIORITY_CRITICAL (%d), PRIORITY_LOW (%d)]", int{priority},
                                          int{v1::PRIORITY_CRITICAL}, int{v1::PRIORITY_LOW}));
  }
}

// DATA_TYPE_UNSPECIFIED gives kFloat32.
absl::StatusOr<ElementType> DecodeElementType(v1::DataType type, const std::string& path, bool int8_allowed) {
  switch (type) {
    case v1::DATA_TYPE_UNSPECIFIED:
    case v1::DATA_TYPE_FLOAT32:
      return ElementType::kFloat32;
    case v1::DATA_TYPE_FLOAT16:
      return ElementType::kFloat16;
    case v1::DATA_TYPE_BFLOAT16:
      return ElementType::kBfloat16;
    case v1::DATA_TYPE_INT8:
      if (int8_allowed) return ElementType::kInt8;
      break;
    default:
      break;
  }
  const std::string int8_too = int8_allowed ? absl::StrFormat(", DATA_TYPE_INT8 (%d)", int{v1::DATA_TYPE_INT8}) : "";
  return InvalidField(path, absl::StrFormat("= %d, must be DATA_TYPE_FLOAT32 (%d), DATA_TYPE_BFLOAT16 (%d)%s or "
                                            "DATA_TYPE_FLOAT16 (%d)",
                                            int{type}, int{v1::DATA_TYPE_FLOAT32}, int{v1::DATA_TYPE_BFLOAT16},
                                            int8_too, int{v1::DATA_TYPE_FLOAT16}));
}

absl::StatusOr<HiddenSelection> DecodeHiddenSelection(const v1::HiddenStatesSelection& message, const std::string& path,
                                                      const ModelConfig& config) {
  const int64_t layer_count = config.layer_count;
  const auto layer = ParseLayerName(message.layer(), layer_count);
  if (!layer) {
    return InvalidField(path + ".layer",
                        absl::StrFormat("= %s, must be \"embeddings\", \"h.0\" to \"h.%d\", or \"ln_f\"",
                                        Quoted(message.layer()), layer_count - 1));
  }
  auto positions = DecodePositions({.positions = message.positions(),
                                    .list = message.listed_positions(),
                                    .positions_path = path + ".positions",
                                    .list_path = path + ".listed_positions"},
                                   config.context_length, Positions::kLast);
  if (!positions.ok()) return positions.status();
  return HiddenSelection{.layer = *layer, .positions = **std::move(positions)};
}

absl::StatusOr<TopSelection> DecodeTopSelection(const v1::TopKSelection& message, const ModelConfig& config,
                                                const CallLimits& limits) {
  if (auto status = CheckTopK("top_k.k", message.k(), config, limits); !status.ok()) return status;
  auto positions = DecodePositions({.positions = message.positions(),
                                    .list = message.listed_positions(),
                                    .positions_path = "top_k.positions",
                                    .list_path = "top_k.listed_positions"},
                                   config.context_length, Positions::kLast);
  if (!positions.ok()) return positions.status();
  return TopSelection{.k = message.k(), .positions = **std::move(positions)};
}

// Hidden states of a ForwardRequest or an item of a stream.
template <typename Message>
absl::Status DecodeHiddenSelections(const Message& message, const ModelConfig& config, Request& request) {
  OutputSelection& selection = request.selection;
  std::vector<bool> seen(static_cast<size_t>(config.layer_count) + 2);
  for (const v1::HiddenStatesSelection& hidden : message.hidden_states()) {
    const std::string path = absl::StrCat("hidden_states[", selection.hidden.size(), "]");
    auto decoded = DecodeHiddenSelection(hidden, path, config);
    if (!decoded.ok()) return decoded.status();
    const auto layer = static_cast<size_t>(decoded->layer);
    if (seen[layer]) {
      return InvalidField(path + ".layer", absl::StrFormat("= \"%s\" is asked for twice, must be at most once",
                                                           LayerName(decoded->layer, config.layer_count)));
    }
    seen[layer] = true;
    const auto type = DecodeElementType(hidden.data_type(), path + ".data_type", /*int8_allowed=*/false);
    if (!type.ok()) return type.status();
    selection.hidden.push_back(*std::move(decoded));
    request.format.hidden.push_back(*type);
  }
  return absl::OkStatus();
}

// Fills what `request` selects from a ForwardRequest or an item of a stream.
template <typename Message>
absl::Status DecodeForwardSelection(const Message& message, const ModelConfig& config, const CallLimits& limits,
                                    Request& request) {
  if (auto status = DecodeHiddenSelections(message, config, request); !status.ok()) return status;
  OutputSelection& selection = request.selection;
  auto logits = DecodePositions({.positions = message.logits(),
                                 .list = message.logits_listed_positions(),
                                 .positions_path = "logits",
                                 .list_path = "logits_listed_positions"},
                                config.context_length, std::nullopt);
  if (!logits.ok()) return logits.status();
  selection.logits = *std::move(logits);
  const auto type = DecodeElementType(message.logits_data_type(), "logits_data_type", /*int8_allowed=*/false);
  if (!type.ok()) return type.status();
  request.format.logits = *type;
  if (message.has_top_k()) {
    auto top = DecodeTopSelection(message.top_k(), config, limits);
    if (!top.ok()) return top.status();
    selection.top = *std::move(top);
  }
  selection.token_log_probabilities = message.token_log_probabilities();
  if (selection.hidden.empty() && !selection.wants_head()) {
    return InvalidFieldWithText("hidden_states",
                                "nothing is asked for: hidden_states has 0 entries, logits is unspecified, top_k is "
                                "absent and token_log_probabilities is false, at least one of them must be set");
  }
  return absl::OkStatus();
}

// A request without inputs yet, from a ForwardRequest or an item of a stream.
template <typename Message>
absl::StatusOr<std::shared_ptr<Request>> DecodeForwardOptions(const Message& message, const ModelConfig& config,
                                                              const CallLimits& limits) {
  auto request = std::make_shared<Request>();
  request->method = Method::kForward;
  if (auto status = DecodeForwardSelection(message, config, limits, *request); !status.ok()) return status;
  const auto priority = DecodePriority(message.priority());
  if (!priority.ok()) return priority.status();
  request->priority = *priority;
  return request;
}

// The same from an EmbedRequest or an item of a stream.
template <typename Message>
absl::StatusOr<std::shared_ptr<Request>> DecodeEmbedOptions(const Message& message, int64_t embedding_length) {
  auto request = std::make_shared<Request>();
  request->method = Method::kEmbed;
  auto selection = DecodeEmbeddingSelection(message, embedding_length);
  if (!selection.ok()) return selection.status();
  request->selection.embedding = *selection;
  const auto type = DecodeElementType(message.data_type(), "data_type", /*int8_allowed=*/true);
  if (!type.ok()) return type.status();
  request->format.embedding = *type;
  const auto priority = DecodePriority(message.priority());
  if (!priority.ok()) return priority.status();
  request->priority = *priority;
  return request;
}

// A list of positions that a request refers to, and where it stands in the message.
struct NamedList {
  const std::vector<int32_t>& positions;
  std::string path;
};

std::vector<NamedList> ListsOf(const OutputSelection& selection) {
  std::vector<NamedList> lists;
  for (size_t i = 0; i < selection.hidden.size(); ++i) {
    lists.push_back({selection.hidden[i].positions.listed, absl::StrCat("hidden_states[", i, "].listed_positions")});
  }
  if (selection.logits) lists.push_back({selection.logits->listed, "logits_listed_positions"});
  if (selection.top) lists.push_back({selection.top->positions.listed, "top_k.listed_positions"});
  return lists;
}

absl::Status CheckLists(const Request& request, absl::FunctionRef<std::string(size_t)> path_of) {
  const auto shortest = absl::c_min_element(
      request.inputs, [](const SequenceInput& a, const SequenceInput& b) { return a.token_count < b.token_count; });
  for (const NamedList& list : ListsOf(request.selection)) {
    const auto beyond =
        absl::c_find_if(list.positions, [&](int32_t position) { return position >= shortest->token_count; });
    if (beyond == list.positions.end()) continue;
    return InvalidField(absl::StrCat(list.path, "[", beyond - list.positions.begin(), "]"),
                        absl::StrFormat("= %d, must be in [0, %d), the tokens of %s", *beyond, shortest->token_count,
                                        path_of(static_cast<size_t>(shortest - request.inputs.begin()))));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<Request>> DecodeSelection(const v1::ForwardRequest& message, const ModelConfig& config,
                                                         const CallLimits& limits) {
  return DecodeForwardOptions(message, config, limits);
}

absl::StatusOr<std::shared_ptr<Request>> DecodeSelection(const v1::ForwardStreamRequest& message,
                                                         const ModelConfig& config, const CallLimits& limits) {
  return DecodeForwardOptions(message, config, limits);
}

absl::StatusOr<std::shared_ptr<Request>> DecodeSelection(const v1::EmbedRequest& message, const ModelConfig& config,
                                                         const CallLimits& /*limits*/) {
  return DecodeEmbedOptions(message, config.embedding_length);
}

absl::StatusOr<std::shared_ptr<Request>> DecodeSelection(const v1::EmbedStreamRequest& message,
                                                         const ModelConfig& config, const CallLimits& /*limits*/) {
  return DecodeEmbedOptions(message, config.embedding_length);
}

absl::Status CheckSelection(const Request& request, absl::FunctionRef<std::string(size_t)> path_of) {
  if (request.selection.token_log_probabilities) {
    const auto hidden =
        absl::c_find_if(request.inputs, [](const SequenceInput& input) { return !input.hidden.empty(); });
    if (hidden != request.inputs.end()) {
      return InvalidField("token_log_probabilities",
                          absl::StrCat("= true, must be false where an input is hidden states, which have no ids: ",
                                       path_of(static_cast<size_t>(hidden - request.inputs.begin()))));
    }
  }
  return CheckLists(request, path_of);
}

}  // namespace attnd
