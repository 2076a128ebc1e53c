#include "server/rpc/text_reply.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "engine/text/utf8.h"
#include "server/rpc/invalid_field.h"

namespace attnd {
namespace {

// The most that protobuf takes for a number of 32 bits.
constexpr int64_t kNumberBytes = 5;
// An id and the two ends of its range.
constexpr int64_t kTokenBytes = 3 * kNumberBytes;

absl::Status CheckReplyBytes(const char* field, int64_t byte_count, const CallLimits& limits) {
  if (byte_count <= limits.max_reply_bytes) return absl::OkStatus();
  return InvalidFieldWithText(
      field,
      absl::StrFormat("the reply would have %d bytes, must have at most %d (max_reply_bytes); send less in one call",
                      byte_count, limits.max_reply_bytes));
}

}  // namespace

absl::Status AnswerTokenize(const ServedModel& model, const v1::TokenizeRequest& message, const CallLimits& limits,
                            HoldBytes hold, v1::TokenizeResponse& reply) {
  if (!model.tokenizer.ok()) return model.tokenizer.status();
  if (message.form_case() == v1::TokenizeRequest::FORM_NOT_SET) {
    return InvalidFieldWithText("text", "neither text nor text_bytes is set, one of them must be");
  }
  const bool is_text = message.form_case() == v1::TokenizeRequest::kText;
  const char* field = is_text ? "text" : "text_bytes";
  const std::string& text = is_text ? message.text() : message.text_bytes();
  if (static_cast<int64_t>(text.size()) > limits.max_request_text_bytes) {
    return InvalidField(field, absl::StrFormat("has %d bytes, must have at most %d (max_request_text_bytes)",
                                               text.size(), limits.max_request_text_bytes));
  }
  // Each byte is a token at most, and as many spaces may be put before words.
  const int64_t most_bytes = std::min(kTokenBytes * 2 * static_cast<int64_t>(text.size()), limits.max_reply_bytes);
  if (auto status = hold(most_bytes); !status.ok()) return status;
  const auto encoding = (*model.tokenizer).EncodeBytes(text);
  if (!encoding.ok()) return encoding.status();
  if (auto status = CheckReplyBytes(field, kTokenBytes * encoding->token_count, limits); !status.ok()) return status;
  reply.mutable_ids()->Add(encoding->ids.begin(), encoding->ids.end());
  reply.mutable_begins()->Reserve(static_cast<int>(encoding->ranges.size()));
  reply.mutable_ends()->Reserve(static_cast<int>(encoding->ranges.size()));
  for (const ByteRange range : encoding->ranges) {
    reply.add_begins(range.begin);
    reply.add_ends(range.end);
  }
  reply.set_model_version(model.version);
  return hold(std::min(static_cast<int64_t>(reply.ByteSizeLong()), most_bytes));
}

absl::Status AnswerDetokenize(const ServedModel& model, const v1::DetokenizeRequest& message, const CallLimits& limits,
                              HoldBytes hold, v1::DetokenizeResponse& reply) {
  if (!model.tokenizer.ok()) return model.tokenizer.status();
  const Tokenizer& tokenizer = *model.tokenizer;
  // Before a place is made for every end.
  if (auto status = CheckReplyBytes("ids", kNumberBytes * message.ids_size(), limits); !status.ok()) return status;
  const int64_t most_bytes =
      std::min((tokenizer.longest_token_bytes() + kNumberBytes) * message.ids_size(), limits.max_reply_bytes);
  if (auto status = hold(most_bytes); !status.ok()) return status;
  std::string text;
  reply.mutable_ends()->Reserve(message.ids_size());
  for (int i = 0; i < message.ids_size(); ++i) {
    const uint32_t id = message.ids(i);
    const std::string* bytes = tokenizer.BytesOfToken(id);
    if (bytes == nullptr) {
      return InvalidField(absl::StrFormat("ids[%d]", i), absl::StrFormat("= %d, which no token has", id));
    }
    if (!message.skip_special_tokens() || !tokenizer.IsSpecial(id)) text += *bytes;
    const int64_t reply_bytes = static_cast<int64_t>(text.size()) + kNumberBytes * (i + 1);
    if (auto status = CheckReplyBytes("ids", reply_bytes, limits); !status.ok()) return status;
    reply.add_ends(static_cast<uint32_t>(text.size()));
  }
  if (ValidUtf8Length(text) == text.size()) {
    reply.set_text(std::move(text));
  } else {
    reply.set_text_bytes(std::move(text));
  }
  reply.set_model_version(model.version);
  return hold(std::min(static_cast<int64_t>(reply.ByteSizeLong()), most_bytes));
}

}  // namespace attnd
