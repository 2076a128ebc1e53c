#include "server/rpc/input_decoder.h"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "server/rpc/invalid_field.h"

namespace attnd {
namespace {

static_assert(std::endian::native == std::endian::little,
              "tensors travel as little-endian bytes and are copied as such");

absl::Status CheckTokenCount(int64_t token_count, const std::string& path, const ModelConfig& config) {
  if (token_count >= 1 && token_count <= config.context_length) return absl::OkStatus();
  return InvalidField(
      path, absl::StrFormat("has %d tokens, must have 1 to %d (max_input_tokens)", token_count, config.context_length));
}

absl::StatusOr<SequenceInput> DecodeTokenIds(const v1::TokenIds& message, const std::string& path,
                                             const ModelConfig& config) {
  if (auto status = CheckTokenCount(message.ids_size(), path, config); !status.ok()) return status;
  SequenceInput input{.token_count = message.ids_size()};
  input.token_ids.reserve(static_cast<size_t>(message.ids_size()));
  for (const uint32_t id : message.ids()) {
    if (id >= config.vocabulary_size) {
      return InvalidField(absl::StrFormat("%s.ids[%d]", path, input.token_ids.size()),
                          absl::StrFormat("= %d, must be in [0, %d)", id, config.vocabulary_size));
    }
    input.token_ids.push_back(static_cast<int32_t>(id));
  }
  return input;
}

absl::Status CheckHiddenShape(const v1::Tensor& message, const std::string& path, const ModelConfig& config) {
  if (message.data_type() != v1::DATA_TYPE_FLOAT32) {
    const std::string name = v1::DataType_IsValid(message.data_type()) ? v1::DataType_Name(message.data_type())
                                                                       : absl::StrCat(int{message.data_type()});
    return InvalidField(path + ".data_type", absl::StrCat("= ", name, ", must be DATA_TYPE_FLOAT32"));
  }
  if (message.shape_size() != 2) {
    return InvalidField(path + ".shape", absl::StrFormat("has rank %d, must have rank 2: [T, %d]", message.shape_size(),
                                                         config.embedding_length));
  }
  if (message.shape(1) != config.embedding_length) {
    return InvalidField(
        path + ".shape",
        absl::StrFormat("= [%s], must be [T, %d]", absl::StrJoin(message.shape(), ", "), config.embedding_length));
  }
  if (auto status = CheckTokenCount(message.shape(0), path, config); !status.ok()) return status;
  const int64_t byte_count = message.shape(0) * message.shape(1) * static_cast<int64_t>(sizeof(float));
  if (static_cast<int64_t>(message.data().size()) != byte_count) {
    return InvalidField(path + ".data",
                        absl::StrFormat("has %d bytes, must have %d for shape [%s]", message.data().size(), byte_count,
                                        absl::StrJoin(message.shape(), ", ")));
  }
  return absl::OkStatus();
}

absl::StatusOr<SequenceInput> DecodeHiddenStates(const v1::Tensor& message, const std::string& path,
                                                 const ModelConfig& config) {
  if (auto status = CheckHiddenShape(message, path, config); !status.ok()) return status;
  SequenceInput input{.token_count = message.shape(0)};
  input.hidden.resize(message.data().size() / sizeof(float));
  std::memcpy(input.hidden.data(), message.data().data(), message.data().size());
  for (size_t i = 0; i < input.hidden.size(); ++i) {
    if (std::isfinite(input.hidden[i])) continue;
    const auto columns = static_cast<size_t>(config.embedding_length);
    return InvalidField(
        path, absl::StrFormat("element [%d, %d] = %f, must be finite", i / columns, i % columns, input.hidden[i]));
  }
  return input;
}

// Refuses text that is too long whatever its tokens are, before any work is spent on it.
absl::Status CheckTextLength(absl::string_view text, const std::string& path, const InputRules& rules) {
  const int64_t longest_token = (*rules.tokenizer).longest_token_bytes();
  const int64_t max_bytes = rules.config.context_length * longest_token;
  if (rules.truncate || static_cast<int64_t>(text.size()) <= max_bytes) return absl::OkStatus();
  return InvalidField(path,
                      absl::StrFormat("has %d bytes, must have at most %d: %d tokens (max_input_tokens) of at most "
                                      "%d bytes; set truncate to have it cut",
                                      text.size(), max_bytes, rules.config.context_length, longest_token));
}

// A tokenizer may have more tokens than the model.
absl::Status CheckVocabulary(const std::vector<int32_t>& ids, const std::string& path, const InputRules& rules) {
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < rules.config.vocabulary_size) continue;
    return InvalidField(path, absl::StrFormat("token %d = %d, must be in [0, %d), the model's vocabulary", i, ids[i],
                                              rules.config.vocabulary_size));
  }
  return absl::OkStatus();
}

absl::StatusOr<DecodedInput> Whole(absl::StatusOr<SequenceInput> input) {
  if (!input.ok()) return input.status();
  return DecodedInput{.input = *std::move(input)};
}

}  // namespace

int64_t TextByteCount(const v1::Input& message) {
  // One of them is empty.
  return static_cast<int64_t>(message.text().size() + message.text_bytes().size());
}

int64_t TextByteCount(const google::protobuf::RepeatedPtrField<v1::Input>& messages) {
  int64_t byte_count = 0;
  for (const v1::Input& message : messages) byte_count += TextByteCount(message);
  return byte_count;
}

absl::StatusOr<DecodedInput> DecodeText(absl::string_view text, const std::string& path, const InputRules& rules) {
  if (!rules.tokenizer.ok()) return rules.tokenizer.status();
  if (auto status = CheckTextLength(text, path, rules); !status.ok()) return status;
  const int64_t max_tokens = rules.config.context_length;
  auto encoding = (*rules.tokenizer).EncodeBytes(text, {.max_tokens = max_tokens, .ranges = false});
  if (!encoding.ok()) return encoding.status();
  const bool too_long = encoding->token_count > max_tokens;
  if (too_long && !rules.truncate) {
    return InvalidField(path,
                        absl::StrFormat("has %d tokens, must have 1 to %d (max_input_tokens); set truncate to have "
                                        "it cut",
                                        encoding->token_count, max_tokens));
  }
  const auto token_count = static_cast<int64_t>(encoding->ids.size());
  if (auto status = CheckTokenCount(token_count, path, rules.config); !status.ok()) return status;
  if (auto status = CheckVocabulary(encoding->ids, path, rules); !status.ok()) return status;
  return DecodedInput{.input = {.token_ids = std::move(encoding->ids), .token_count = token_count},
                      .truncated_from = too_long ? encoding->token_count : 0};
}

absl::StatusOr<DecodedInput> DecodeInput(const v1::Input& message, const std::string& path, const InputRules& rules) {
  switch (message.form_case()) {
    case v1::Input::kTokenIds:
      return Whole(DecodeTokenIds(message.token_ids(), path + ".token_ids", rules.config));
    case v1::Input::kHiddenStates:
      return Whole(DecodeHiddenStates(message.hidden_states(), path + ".hidden_states", rules.config));
    case v1::Input::kText:
      return DecodeText(message.text(), path + ".text", rules);
    case v1::Input::kTextBytes:
      return DecodeText(message.text_bytes(), path + ".text_bytes", rules);
    case v1::Input::FORM_NOT_SET:
      break;
  }
  return InvalidField(path, "is empty, must have token_ids, hidden_states, text or text_bytes");
}

}  // namespace attnd
