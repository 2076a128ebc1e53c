#include "server/rpc/selection_decoder.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/layer_name.h"
#include "server/rpc/utf8.h"

namespace attnd {
namespace {

// Of a name that an error quotes.
constexpr size_t kMaxQuotedBytes = 64;

// POSITIONS_UNSPECIFIED gives `unspecified`.
absl::StatusOr<std::optional<Positions>> DecodePositions(v1::Positions positions, const std::string& path,
                                                         std::optional<Positions> unspecified) {
  switch (positions) {
    case v1::POSITIONS_UNSPECIFIED:
      return unspecified;
    case v1::POSITIONS_LAST:
      return Positions::kLast;
    case v1::POSITIONS_ALL:
      return Positions::kAll;
    default:
      return InvalidField(path, absl::StrFormat("= %d, must be POSITIONS_LAST (%d) or POSITIONS_ALL (%d)",
                                                int{positions}, int{v1::POSITIONS_LAST}, int{v1::POSITIONS_ALL}));
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
  if (dimensions < 1 || dimensions > embedding_length) {
    return InvalidField("dimensions", absl::StrFormat("= %d, must be in [1, %d], the model's embedding_length",
                                                      dimensions, embedding_length));
  }
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
                                                      int64_t layer_count) {
  const auto layer = ParseLayerName(message.layer(), layer_count);
  if (!layer) {
    return InvalidField(path + ".layer",
                        absl::StrFormat("= \"%s\", must be \"embeddings\", \"h.0\" to \"h.%d\", or \"ln_f\"",
                                        Utf8Prefix(message.layer(), kMaxQuotedBytes), layer_count - 1));
  }
  const auto positions = DecodePositions(message.positions(), path + ".positions", Positions::kLast);
  if (!positions.ok()) return positions.status();
  return HiddenSelection{.layer = *layer, .positions = **positions};
}

// Fills what `request` selects from a ForwardRequest or an item of a stream.
template <typename Message>
absl::Status DecodeForwardSelection(const Message& message, int64_t layer_count, Request& request) {
  OutputSelection& selection = request.selection;
  std::vector<bool> seen(static_cast<size_t>(layer_count) + 2);
  for (const v1::HiddenStatesSelection& hidden : message.hidden_states()) {
    const std::string path = absl::StrCat("hidden_states[", selection.hidden.size(), "]");
    auto decoded = DecodeHiddenSelection(hidden, path, layer_count);
    if (!decoded.ok()) return decoded.status();
    const auto layer = static_cast<size_t>(decoded->layer);
    if (seen[layer]) {
      return InvalidField(path + ".layer", absl::StrFormat("= \"%s\" is asked for twice, must be at most once",
                                                           LayerName(decoded->layer, layer_count)));
    }
    seen[layer] = true;
    const auto type = DecodeElementType(hidden.data_type(), path + ".data_type", /*int8_allowed=*/false);
    if (!type.ok()) return type.status();
    selection.hidden.push_back(*std::move(decoded));
    request.format.hidden.push_back(*type);
  }
  auto logits = DecodePositions(message.logits(), "logits", std::nullopt);
  if (!logits.ok()) return logits.status();
  selection.logits = *logits;
  const auto type = DecodeElementType(message.logits_data_type(), "logits_data_type", /*int8_allowed=*/false);
  if (!type.ok()) return type.status();
  request.format.logits = *type;
  if (selection.hidden.empty() && !selection.logits) {
    return InvalidFieldWithText("hidden_states",
                                "nothing is asked for: hidden_states has 0 entries and logits is unspecified, at "
                                "least one of them must be set");
  }
  return absl::OkStatus();
}

// A request without inputs yet, from a ForwardRequest or an item of a stream.
template <typename Message>
absl::StatusOr<std::shared_ptr<Request>> DecodeForwardOptions(const Message& message, int64_t layer_count) {
  auto request = std::make_shared<Request>();
  request->method = Method::kForward;
  if (auto status = DecodeForwardSelection(message, layer_count, *request); !status.ok()) return status;
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

}  // namespace

absl::StatusOr<std::shared_ptr<Request>> DecodeSelection(const v1::ForwardRequest& message, const ModelConfig& config) {
  return DecodeForwardOptions(message, config.layer_count);
}

absl::StatusOr<std::shared_ptr<Request>> DecodeSelection(const v1::ForwardStreamRequest& message,
                                                         const ModelConfig& config) {
  return DecodeForwardOptions(message, config.layer_count);
}

absl::StatusOr<std::shared_ptr<Request>> DecodeSelection(const v1::EmbedRequest& message, const ModelConfig& config) {
  return DecodeEmbedOptions(message, config.embedding_length);
}

absl::StatusOr<std::shared_ptr<Request>> DecodeSelection(const v1::EmbedStreamRequest& message,
                                                         const ModelConfig& config) {
  return DecodeEmbedOptions(message, config.embedding_length);
}

}  // namespace attnd
