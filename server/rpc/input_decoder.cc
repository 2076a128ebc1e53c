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

}  // namespace

absl::StatusOr<SequenceInput> DecodeInput(const v1::Input& message, const std::string& path,
                                          const ModelConfig& config) {
  switch (message.form_case()) {
    case v1::Input::kTokenIds:
      return DecodeTokenIds(message.token_ids(), path + ".token_ids", config);
    case v1::Input::kHiddenStates:
      return DecodeHiddenStates(message.hidden_states(), path + ".hidden_states", config);
    case v1::Input::FORM_NOT_SET:
      break;
  }
  return InvalidField(path, "is empty, must have token_ids or hidden_states");
}

}  // namespace attnd
