#include "server/open_inference/input_tensors.h"

#include <bit>
#include <cstddef>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "server/open_inference/infer_parameters.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/utf8.h"

namespace attnd {
namespace {

using inference::InferTensorContents;
using inference::ModelInferRequest;

static_assert(std::endian::native == std::endian::little, "raw tensors are little-endian bytes and copied as such");

absl::Status CheckContentsPlace(const ModelInferRequest& message) {
  if (message.raw_input_contents().empty()) return absl::OkStatus();
  if (message.raw_input_contents_size() != message.inputs_size()) {
    return InvalidField("raw_input_contents",
                        absl::StrFormat("has %d entries, must have one for each of %d inputs",
                                        message.raw_input_contents_size(), message.inputs_size()));
  }
  for (int i = 0; i < message.inputs_size(); ++i) {
    if (!message.inputs(i).has_contents()) continue;
    return InvalidField(absl::StrCat("inputs[", i, "].contents"),
                        "stands beside raw_input_contents; all tensors must be in contents or all in "
                        "raw_input_contents");
  }
  return absl::OkStatus();
}

// Where the tensor of this name belongs; null if there is none of it.
std::optional<InputTensor>* PlaceOf(absl::string_view name, InputTensors& tensors) {
  if (name == kInputIds) return &tensors.input_ids;
  if (name == kAttentionMask) return &tensors.attention_mask;
  if (name == kLengths) return &tensors.lengths;
  if (name == kText) return &tensors.text;
  return nullptr;
}

int64_t ElementCount(const InferTensorContents& contents) {
  int64_t count = 0;
  for (const int size : {contents.bool_contents_size(), contents.int_contents_size(), contents.int64_contents_size(),
                         contents.uint_contents_size(), contents.uint64_contents_size(), contents.fp32_contents_size(),
                         contents.fp64_contents_size(), contents.bytes_contents_size()}) {
    count += size;
  }
  return count;
}

std::string ShapeOf(const InputTensor& tensor) { return absl::StrJoin(tensor.message->shape(), ", "); }

// `field` must have `count` elements, and no other field of the contents any.
absl::Status CheckContents(const InputTensor& tensor, const char* field, int64_t field_size, int64_t count) {
  const std::string path = absl::StrCat(tensor.name(), ".contents");
  if (field_size != count) {
    return InvalidField(absl::StrCat(path, ".", field), absl::StrFormat("has %d elements, must have %d for shape [%s]",
                                                                        field_size, count, ShapeOf(tensor)));
  }
  if (const int64_t all = ElementCount(tensor.message->contents()); all != count) {
    return InvalidField(path, absl::StrFormat("has %d elements outside %s, where those of %s must be", all - count,
                                              field, tensor.message->datatype()));
  }
  return absl::OkStatus();
}

absl::Status InvalidRaw(const InputTensor& tensor, absl::string_view what) {
  return InvalidFieldWithText(tensor.name(), absl::StrCat(tensor.name(), " in raw_input_contents ", what));
}

template <typename Integer>
absl::StatusOr<std::vector<int64_t>> ReadRawIntegers(const InputTensor& tensor, int64_t count) {
  const auto byte_count = static_cast<size_t>(count) * sizeof(Integer);
  if (tensor.raw->size() != byte_count) {
    return InvalidRaw(tensor, absl::StrFormat("has %d bytes, must have %d for shape [%s] of %s", tensor.raw->size(),
                                              byte_count, ShapeOf(tensor), tensor.message->datatype()));
  }
  std::vector<int64_t> integers(static_cast<size_t>(count));
  for (size_t i = 0; i < integers.size(); ++i) {
    Integer integer = 0;
    std::memcpy(&integer, tensor.raw->data() + i * sizeof(Integer), sizeof(Integer));
    integers[i] = integer;
  }
  return integers;
}

// Elements behind their lengths.
absl::StatusOr<std::vector<absl::string_view>> ReadRawByteStrings(const InputTensor& tensor, int64_t count) {
  std::vector<absl::string_view> strings;
  absl::string_view rest = *tensor.raw;
  for (int64_t i = 0; i < count; ++i) {
    uint32_t length = 0;
    if (rest.size() < sizeof(length)) {
      return InvalidRaw(tensor, absl::StrFormat("ends within the length of element %d of %d", i, count));
    }
    std::memcpy(&length, rest.data(), sizeof(length));
    rest.remove_prefix(sizeof(length));
    if (rest.size() < length) {
      return InvalidRaw(
          tensor, absl::StrFormat("has %d bytes left for element %d, whose length is %d", rest.size(), i, length));
    }
    strings.push_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  if (rest.empty()) return strings;
  return InvalidRaw(tensor, absl::StrFormat("has %d bytes behind the last of %d elements", rest.size(), count));
}

}  // namespace

absl::StatusOr<InputTensors> FindInputTensors(const ModelInferRequest& message) {
  if (auto status = CheckContentsPlace(message); !status.ok()) return status;
  InputTensors tensors;
  for (int i = 0; i < message.inputs_size(); ++i) {
    const ModelInferRequest::InferInputTensor& tensor = message.inputs(i);
    const std::string path = absl::StrCat("inputs[", i, "]");
    std::optional<InputTensor>* const place = PlaceOf(tensor.name(), tensors);
    if (place == nullptr) {
      return InvalidField(path + ".name", absl::StrFormat("= %s, must be %s, %s, %s or %s", Quoted(tensor.name()),
                                                          kInputIds, kAttentionMask, kLengths, kText));
    }
    if (place->has_value()) {
      return InvalidField(path + ".name", absl::StrCat("= ", Quoted(tensor.name()), " is there twice"));
    }
    const std::string* raw = message.raw_input_contents().empty() ? nullptr : &message.raw_input_contents(i);
    if (auto status = CheckInputParameters(tensor.parameters(), path, raw); !status.ok()) return status;
    *place = {.message = &tensor, .raw = raw};
  }
  return tensors;
}

absl::Status InvalidShape(const InputTensor& tensor, absl::string_view what) {
  // A long one is not worth reading.
  constexpr int kMaxQuotedRank = 8;
  const std::string shape = tensor.rank() > kMaxQuotedRank ? absl::StrCat("has rank ", tensor.rank())
                                                           : absl::StrCat("= [", ShapeOf(tensor), "]");
  return InvalidField(absl::StrCat(tensor.name(), ".shape"), absl::StrCat(shape, ", ", what));
}

absl::StatusOr<std::vector<int64_t>> ReadIntegers(const InputTensor& tensor, int64_t count) {
  const std::string& datatype = tensor.message->datatype();
  const InferTensorContents& contents = tensor.message->contents();
  if (datatype == "INT64") {
    if (tensor.raw != nullptr) return ReadRawIntegers<int64_t>(tensor, count);
    const auto& integers = contents.int64_contents();
    if (auto status = CheckContents(tensor, "int64_contents", integers.size(), count); !status.ok()) return status;
    return std::vector<int64_t>(integers.begin(), integers.end());
  }
  if (datatype == "INT32") {
    if (tensor.raw != nullptr) return ReadRawIntegers<int32_t>(tensor, count);
    const auto& integers = contents.int_contents();
    if (auto status = CheckContents(tensor, "int_contents", integers.size(), count); !status.ok()) return status;
    return std::vector<int64_t>(integers.begin(), integers.end());
  }
  return InvalidField(absl::StrCat(tensor.name(), ".datatype"),
                      absl::StrCat("= ", Quoted(datatype), ", must be INT64 or INT32"));
}

absl::StatusOr<std::vector<absl::string_view>> ReadByteStrings(const InputTensor& tensor, int64_t count) {
  const std::string& datatype = tensor.message->datatype();
  if (datatype != "BYTES") {
    return InvalidField(absl::StrCat(tensor.name(), ".datatype"),
                        absl::StrCat("= ", Quoted(datatype), ", must be BYTES"));
  }
  if (tensor.raw != nullptr) return ReadRawByteStrings(tensor, count);
  const auto& strings = tensor.message->contents().bytes_contents();
  if (auto status = CheckContents(tensor, "bytes_contents", strings.size(), count); !status.ok()) return status;
  return std::vector<absl::string_view>(strings.begin(), strings.end());
}

int64_t TextByteCount(const ModelInferRequest& message) {
  int64_t byte_count = 0;
  for (int i = 0; i < message.inputs_size(); ++i) {
    const ModelInferRequest::InferInputTensor& tensor = message.inputs(i);
    if (tensor.name() != kText) continue;
    for (const std::string& text : tensor.contents().bytes_contents()) byte_count += static_cast<int64_t>(text.size());
    if (i < message.raw_input_contents_size()) {
      byte_count += static_cast<int64_t>(message.raw_input_contents(i).size());
    }
  }
  return byte_count;
}

}  // namespace attnd
