#include "server/rpc/request_decoder.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/rpc/input_decoder.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/layer_name.h"
#include "server/rpc/utf8.h"

namespace attnd {
namespace {

// More than protobuf adds to the bytes of one tensor (tags, lengths, shape, layer name, result) or to a whole reply.
constexpr int64_t kTensorOverheadBytes = 128;

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

// `message` is a ForwardRequest or an item of a stream.
template <typename Message>
absl::StatusOr<OutputSelection> DecodeForwardSelection(const Message& message, int64_t layer_count) {
  OutputSelection selection;
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
    selection.hidden.push_back(*decoded);
  }
  auto logits = DecodePositions(message.logits(), "logits", std::nullopt);
  if (!logits.ok()) return logits.status();
  selection.logits = *logits;
  if (selection.hidden.empty() && !selection.logits) {
    return InvalidFieldWithText("hidden_states",
                                "nothing is asked for: hidden_states has 0 entries and logits is unspecified, at "
                                "least one of them must be set");
  }
  return selection;
}

// A request without inputs yet, from a ForwardRequest or an item of a stream.
template <typename Message>
absl::StatusOr<std::shared_ptr<Request>> DecodeForwardOptions(const Message& message, int64_t layer_count) {
  auto request = std::make_shared<Request>();
  request->method = Method::kForward;
  auto selection = DecodeForwardSelection(message, layer_count);
  if (!selection.ok()) return selection.status();
  request->selection = *std::move(selection);
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
  const auto priority = DecodePriority(message.priority());
  if (!priority.ok()) return priority.status();
  request->priority = *priority;
  return request;
}

}  // namespace

absl::StatusOr<std::shared_ptr<Request>> RequestDecoder::DecodeForward(const v1::ForwardRequest& message) const {
  return AddInputs(DecodeForwardOptions(message, config_.layer_count), message.inputs(), message.truncate());
}

absl::StatusOr<std::shared_ptr<Request>> RequestDecoder::DecodeEmbed(const v1::EmbedRequest& message) const {
  return AddInputs(DecodeEmbedOptions(message, config_.embedding_length), message.inputs(), message.truncate());
}

absl::StatusOr<std::shared_ptr<Request>> RequestDecoder::DecodeForwardItem(
    const v1::ForwardStreamRequest& message) const {
  return AddInput(DecodeForwardOptions(message, config_.layer_count), message.input(), message.truncate());
}

absl::StatusOr<std::shared_ptr<Request>> RequestDecoder::DecodeEmbedItem(const v1::EmbedStreamRequest& message) const {
  return AddInput(DecodeEmbedOptions(message, config_.embedding_length), message.input(), message.truncate());
}

absl::StatusOr<std::shared_ptr<Request>> RequestDecoder::AddInputs(absl::StatusOr<std::shared_ptr<Request>> request,
                                                                   const Inputs& messages, bool truncate) const {
  if (!request.ok()) return request;
  if (auto status = DecodeInputs(messages, truncate, **request); !status.ok()) return status;
  if (auto status = CheckReplySize("inputs", **request); !status.ok()) return status;
  return request;
}

absl::StatusOr<std::shared_ptr<Request>> RequestDecoder::AddInput(absl::StatusOr<std::shared_ptr<Request>> request,
                                                                  const v1::Input& message, bool truncate) const {
  if (!request.ok()) return request;
  if (auto status = CheckTextBytes("input", TextByteCount(message)); !status.ok()) return status;
  auto decoded = DecodeInput(message, "input", Rules(truncate));
  if (!decoded.ok()) return decoded.status();
  const int64_t token_count = decoded->input.token_count;
  if (token_count > limits_.max_request_tokens) {
    return InvalidField("input", absl::StrFormat("has %d tokens, must have at most %d (max_request_tokens)",
                                                 token_count, limits_.max_request_tokens));
  }
  (*request)->inputs.push_back(std::move(decoded->input));
  (*request)->truncated_from.push_back(decoded->truncated_from);
  if (auto status = CheckReplySize("input", **request); !status.ok()) return status;
  return request;
}

absl::Status RequestDecoder::CheckTextBytes(absl::string_view field, int64_t byte_count) const {
  if (byte_count <= limits_.max_request_text_bytes) return absl::OkStatus();
  return InvalidField(field, absl::StrFormat("has %d bytes of text, must have at most %d (max_request_text_bytes)",
                                             byte_count, limits_.max_request_text_bytes));
}

absl::Status RequestDecoder::DecodeInputs(const Inputs& messages, bool truncate, Request& request) const {
  if (messages.empty() || messages.size() > limits_.max_request_inputs) {
    return InvalidField("inputs", absl::StrFormat("has %d entries, must have 1 to %d (max_request_inputs)",
                                                  messages.size(), limits_.max_request_inputs));
  }
  if (auto status = CheckTextBytes("inputs", TextByteCount(messages)); !status.ok()) return status;
  int64_t token_count = 0;
  for (const v1::Input& message : messages) {
    const std::string path = absl::StrCat("inputs[", request.inputs.size(), "]");
    auto decoded = DecodeInput(message, path, Rules(truncate));
    if (!decoded.ok()) return decoded.status();
    token_count += decoded->input.token_count;
    if (token_count > limits_.max_request_tokens) {
      return InvalidFieldWithText(
          "inputs",
          absl::StrFormat("inputs[0] to %s have %d tokens, must have at most %d together (max_request_tokens)", path,
                          token_count, limits_.max_request_tokens));
    }
    request.inputs.push_back(std::move(decoded->input));
    request.truncated_from.push_back(decoded->truncated_from);
  }
  return absl::OkStatus();
}

int64_t RequestDecoder::ReplyBytes(const Request& request) const {
  const auto float_bytes = [](int64_t rows, int64_t columns) {
    return rows * columns * static_cast<int64_t>(sizeof(float)) + kTensorOverheadBytes;
  };
  const OutputSelection& selection = request.selection;
  int64_t byte_count = kTensorOverheadBytes;
  for (const SequenceInput& input : request.inputs) {
    for (const HiddenSelection& hidden : selection.hidden) {
      byte_count += float_bytes(RowCount(hidden.positions, input.token_count), config_.embedding_length);
    }
    if (selection.logits) {
      byte_count += float_bytes(RowCount(*selection.logits, input.token_count), config_.vocabulary_size);
    }
    if (selection.embedding) byte_count += float_bytes(1, selection.embedding->dimensions);
  }
  return byte_count;
}

absl::Status RequestDecoder::CheckReplySize(absl::string_view field, Request& request) const {
  request.reply_bytes = ReplyBytes(request);
  if (request.reply_bytes <= limits_.max_reply_bytes) return absl::OkStatus();
  return InvalidFieldWithText(
      field,
      absl::StrFormat("the reply would have %d bytes, must have at most %d (max_reply_bytes); ask for fewer positions "
                      "or layers, or send inputs in several calls",
                      request.reply_bytes, limits_.max_reply_bytes));
}

}  // namespace attnd
