#include "server/open_inference/infer_decoder.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/open_inference/infer_outputs.h"
#include "server/rpc/input_decoder.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/reply_size.h"

namespace attnd {
namespace {

using inference::ModelInferRequest;

absl::Status CheckId(const std::string& id) {
  if (static_cast<int64_t>(id.size()) <= kMaxInferIdBytes) return absl::OkStatus();
  return InvalidField("id", absl::StrFormat("has %d bytes, must have at most %d", id.size(), kMaxInferIdBytes));
}

// A tensor with one number for each row: [N] or [N, 1].
bool IsColumn(const InputTensor& tensor, int64_t row_count) {
  return (tensor.rank() == 1 || (tensor.rank() == 2 && tensor.size(1) == 1)) && tensor.size(0) == row_count;
}

// The number of ones in a row of a mask, which must be ones and then zeros.
absl::StatusOr<int64_t> CountOnes(absl::Span<const int64_t> row, int64_t n) {
  int64_t ones = 0;
  for (size_t t = 0; t < row.size(); ++t) {
    if (row[t] != 0 && row[t] != 1) {
      return InvalidField(absl::StrFormat("%s[%d, %d]", kAttentionMask, n, t),
                          absl::StrCat("= ", row[t], ", must be 0 or 1"));
    }
    if (row[t] == 0) continue;
    if (ones != static_cast<int64_t>(t)) {
      return InvalidField(absl::StrFormat("%s[%d, %d]", kAttentionMask, n, t),
                          "= 1 behind a 0, must be 0: each row is ones and then zeros, padded on the right");
    }
    ++ones;
  }
  if (ones > 0) return ones;
  return InvalidField(absl::StrFormat("%s[%d]", kAttentionMask, n), "has no 1, must begin with one");
}

absl::StatusOr<std::vector<int64_t>> LengthsOfMask(const InputTensor& mask, int64_t rows, int64_t columns) {
  if (mask.rank() != 2 || mask.size(0) != rows || mask.size(1) != columns) {
    return InvalidShape(mask, absl::StrFormat("must be [%d, %d], that of %s", rows, columns, kInputIds));
  }
  const auto ones = ReadIntegers(mask, rows * columns);
  if (!ones.ok()) return ones.status();
  std::vector<int64_t> lengths;
  for (int64_t n = 0; n < rows; ++n) {
    const auto length = CountOnes(
        absl::MakeConstSpan(*ones).subspan(static_cast<size_t>(n * columns), static_cast<size_t>(columns)), n);
    if (!length.ok()) return length.status();
    lengths.push_back(*length);
  }
  return lengths;
}

absl::StatusOr<std::vector<int64_t>> ReadLengths(const InputTensor& tensor, int64_t rows, int64_t columns) {
  if (!IsColumn(tensor, rows)) {
    return InvalidShape(tensor, absl::StrFormat("must be [%d] or [%d, 1], the rows of %s", rows, rows, kInputIds));
  }
  auto lengths = ReadIntegers(tensor, rows);
  if (!lengths.ok()) return lengths;
  for (size_t n = 0; n < lengths->size(); ++n) {
    const int64_t length = (*lengths)[n];
    if (length >= 1 && length <= columns) continue;
    return InvalidField(absl::StrFormat("%s[%d]", kLengths, n),
                        absl::StrFormat("= %d, must be in [1, %d], the columns of %s", length, columns, kInputIds));
  }
  return lengths;
}

}  // namespace

Method ScheduledMethod(const ModelInferRequest& message) {
  const bool embeds = absl::c_all_of(
      message.outputs(), [](const auto& output) { return output.name() == InferOutputName(InferOutput::kEmbedding); });
  return embeds ? Method::kEmbed : Method::kForward;
}

absl::StatusOr<std::shared_ptr<Request>> InferDecoder::Decode(const ModelInferRequest& message,
                                                              InferReplyForm& form) const {
  if (auto status = CheckId(message.id()); !status.ok()) return status;
  const auto parameters = DecodeParameters(message.parameters());
  if (!parameters.ok()) return parameters.status();
  auto request = std::make_shared<Request>();
  request->method = ScheduledMethod(message);
  request->priority = parameters->priority;
  request->deadline = arrived_at_ + parameters->timeout;
  if (parameters->final_response) form.final_response = true;
  auto status = DecodeInferOutputs(message, *parameters, config_, limits_, *request, form);
  if (!status.ok()) return status;
  const auto tensors = FindInputTensors(message);
  if (!tensors.ok()) return tensors.status();
  status = DecodeInputs(*tensors, parameters->truncate, *request, form);
  if (!status.ok()) return status;
  const int64_t reply_bytes = InferReplyBytes(*request, config_, form);
  request->reply_bytes = std::max(reply_bytes, ResultBytes(*request, config_));
  if (reply_bytes <= limits_.max_reply_bytes) return request;
  return InvalidFieldWithText(
      "outputs", absl::StrFormat("the reply would have %d bytes, must have at most %d (max_reply_bytes); ask for fewer "
                                 "positions or outputs, or send rows in several calls",
                                 reply_bytes, limits_.max_reply_bytes));
}

absl::Status InferDecoder::DecodeInputs(const InputTensors& tensors, bool truncate, Request& request,
                                        InferReplyForm& form) const {
  if (tensors.input_ids.has_value() == tensors.text.has_value()) {
    return InvalidFieldWithText("inputs", absl::StrFormat("inputs have %s %s and %s, must have one of them",
                                                          tensors.text ? "both" : "neither", kInputIds, kText));
  }
  if (tensors.attention_mask && tensors.lengths) {
    return InvalidFieldWithText("inputs", absl::StrFormat("inputs have both %s and %s, must have at most one of them",
                                                          kAttentionMask, kLengths));
  }
  if (tensors.input_ids) return DecodeIds(tensors, request, form);
  if (tensors.attention_mask || tensors.lengths) {
    return InvalidFieldWithText("inputs",
                                absl::StrFormat("inputs have %s, which is for %s, beside %s",
                                                tensors.lengths ? kLengths : kAttentionMask, kInputIds, kText));
  }
  return DecodeText(*tensors.text, truncate, request, form);
}

absl::Status InferDecoder::CheckRowCount(const InputTensor& tensor) const {
  if (tensor.size(0) >= 1 && tensor.size(0) <= limits_.max_request_inputs) return absl::OkStatus();
  return InvalidShape(tensor,
                      absl::StrFormat("must have 1 to %d rows (max_request_inputs)", limits_.max_request_inputs));
}

absl::Status InferDecoder::DecodeIds(const InputTensors& tensors, Request& request, InferReplyForm& form) const {
  const InputTensor& tensor = *tensors.input_ids;
  if (tensor.rank() != 2) return InvalidShape(tensor, "must have rank 2: [rows, tokens]");
  if (auto status = CheckRowCount(tensor); !status.ok()) return status;
  const int64_t columns = tensor.size(1);
  if (columns < 1 || columns > config_.context_length) {
    return InvalidShape(tensor,
                        absl::StrFormat("must have 1 to %d columns (max_input_tokens)", config_.context_length));
  }
  const auto ids = ReadIntegers(tensor, tensor.size(0) * columns);
  if (!ids.ok()) return ids.status();
  const auto lengths = RowLengths(tensors);
  if (!lengths.ok()) return lengths.status();
  form.row_length = columns;
  int64_t token_count = 0;
  for (int64_t n = 0; n < tensor.size(0); ++n) {
    SequenceInput input{.token_count = (*lengths)[static_cast<size_t>(n)]};
    input.token_ids.reserve(static_cast<size_t>(input.token_count));
    for (int64_t t = 0; t < input.token_count; ++t) {
      const int64_t id = (*ids)[static_cast<size_t>(n * columns + t)];
      if (id < 0 || id >= config_.vocabulary_size) {
        return InvalidField(absl::StrFormat("%s[%d, %d]", kInputIds, n, t),
                            absl::StrFormat("= %d, must be in [0, %d)", id, config_.vocabulary_size));
      }
      input.token_ids.push_back(static_cast<int32_t>(id));
    }
    if (auto status = AddTokens(n, kInputIds, std::move(input), request, token_count); !status.ok()) return status;
    request.truncated_from.push_back(0);
  }
  return absl::OkStatus();
}

// Tokens of each row of input_ids; what is behind them is padding.
absl::StatusOr<std::vector<int64_t>> InferDecoder::RowLengths(const InputTensors& tensors) const {
  const int64_t rows = tensors.input_ids->size(0);
  const int64_t columns = tensors.input_ids->size(1);
  if (tensors.attention_mask) return LengthsOfMask(*tensors.attention_mask, rows, columns);
  if (tensors.lengths) return ReadLengths(*tensors.lengths, rows, columns);
  return std::vector<int64_t>(static_cast<size_t>(rows), columns);
}

absl::Status InferDecoder::DecodeText(const InputTensor& text, bool truncate, Request& request,
                                      InferReplyForm& form) const {
  if (text.rank() < 1 || text.rank() > 2 || (text.rank() == 2 && text.size(1) != 1)) {
    return InvalidShape(text, "must be [rows] or [rows, 1]");
  }
  if (auto status = CheckRowCount(text); !status.ok()) return status;
  const auto texts = ReadByteStrings(text, text.size(0));
  if (!texts.ok()) return texts.status();
  int64_t byte_count = 0;
  for (const absl::string_view row : *texts) byte_count += static_cast<int64_t>(row.size());
  if (byte_count > limits_.max_request_text_bytes) {
    return InvalidField(kText, absl::StrFormat("has %d bytes, must have at most %d (max_request_text_bytes)",
                                               byte_count, limits_.max_request_text_bytes));
  }
  int64_t token_count = 0;
  for (size_t n = 0; n < texts->size(); ++n) {
    auto decoded = attnd::DecodeText((*texts)[n], absl::StrFormat("%s[%d]", kText, n),
                                     {.config = config_, .tokenizer = tokenizer_, .truncate = truncate});
    if (!decoded.ok()) return decoded.status();
    form.row_length = std::max(form.row_length, decoded->input.token_count);
    if (auto status = AddTokens(static_cast<int64_t>(n), kText, std::move(decoded->input), request, token_count);
        !status.ok()) {
      return status;
    }
    request.truncated_from.push_back(decoded->truncated_from);
  }
  return absl::OkStatus();
}

absl::Status InferDecoder::AddTokens(int64_t row, const std::string& name, SequenceInput input, Request& request,
                                     int64_t& token_count) const {
  token_count += input.token_count;
  if (token_count > limits_.max_request_tokens) {
    return InvalidFieldWithText(name, absl::StrFormat("%s[0] to %s[%d] have %d tokens, must have at most %d together "
                                                      "(max_request_tokens)",
                                                      name, name, row, token_count, limits_.max_request_tokens));
  }
  request.inputs.push_back(std::move(input));
  return absl::OkStatus();
}

}  // namespace attnd
