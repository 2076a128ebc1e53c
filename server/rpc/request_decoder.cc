#include "server/rpc/request_decoder.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/rpc/input_decoder.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/reply_size.h"
#include "server/rpc/selection_decoder.h"

namespace attnd {
namespace {

// Smaller ones would cost more than they carry.
constexpr int64_t kMinChunkBytes = 1024;

}  // namespace

absl::StatusOr<std::shared_ptr<Request>> RequestDecoder::DecodeForward(const v1::ForwardRequest& message) const {
  return AddInputs(DecodeSelection(message, config_, limits_), message.inputs(), message.truncate());
}

absl::StatusOr<std::shared_ptr<Request>> RequestDecoder::DecodeEmbed(const v1::EmbedRequest& message) const {
  return AddInputs(DecodeSelection(message, config_, limits_), message.inputs(), message.truncate());
}

absl::StatusOr<std::shared_ptr<Request>> RequestDecoder::DecodeForwardItem(
    const v1::ForwardStreamRequest& message) const {
  auto request = DecodeSelection(message, config_, limits_);
  if (!request.ok()) return request;
  // Half, so that what surrounds a chunk's bytes has room.
  const int64_t max_chunk_bytes = limits_.max_reply_bytes / 2;
  if (message.max_chunk_bytes() != 0 &&
      (message.max_chunk_bytes() < kMinChunkBytes || message.max_chunk_bytes() > max_chunk_bytes)) {
    return InvalidField("max_chunk_bytes", absl::StrFormat("= %d, must be 0 or in [%d, %d], half of max_reply_bytes",
                                                           message.max_chunk_bytes(), kMinChunkBytes, max_chunk_bytes));
  }
  (*request)->format.max_chunk_bytes = message.max_chunk_bytes();
  return AddInput(std::move(request), message.input(), message.truncate());
}

absl::StatusOr<std::shared_ptr<Request>> RequestDecoder::DecodeEmbedItem(const v1::EmbedStreamRequest& message) const {
  return AddInput(DecodeSelection(message, config_, limits_), message.input(), message.truncate());
}

absl::StatusOr<std::shared_ptr<Request>> RequestDecoder::AddInputs(absl::StatusOr<std::shared_ptr<Request>> request,
                                                                   const Inputs& messages, bool truncate) const {
  if (!request.ok()) return request;
  if (auto status = DecodeInputs(messages, truncate, **request); !status.ok()) return status;
  const auto path_of = [](size_t input) { return absl::StrCat("inputs[", input, "]"); };
  if (auto status = CheckSelection(**request, path_of); !status.ok()) return status;
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
  const auto path_of = [](size_t /*input*/) { return std::string("input"); };
  if (auto status = CheckSelection(**request, path_of); !status.ok()) return status;
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

absl::Status RequestDecoder::CheckReplySize(absl::string_view field, Request& request) const {
  const int64_t reply_bytes = ReplyBytes(request, config_);
  const int64_t max_chunk_bytes = request.format.max_chunk_bytes;
  request.reply_bytes = std::max(reply_bytes, ResultBytes(request, config_)) + max_chunk_bytes;
  if (max_chunk_bytes > 0 && reply_bytes > limits_.max_chunked_reply_bytes) {
    return InvalidFieldWithText(
        field, absl::StrFormat("the reply would have %d bytes, must have at most %d (max_chunked_reply_bytes); ask for "
                               "fewer positions or layers",
                               reply_bytes, limits_.max_chunked_reply_bytes));
  }
  const int64_t message_bytes = LastMessageBytes(request, config_);
  if (message_bytes <= limits_.max_reply_bytes) return absl::OkStatus();
  return InvalidFieldWithText(
      field,
      absl::StrFormat("the reply would have %d bytes, must have at most %d (max_reply_bytes); ask for fewer positions "
                      "or layers, send inputs in several calls, or have a ForwardStream answer in chunks",
                      message_bytes, limits_.max_reply_bytes));
}

}  // namespace attnd
