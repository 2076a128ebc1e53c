#include "client/ctl/arguments.h"

#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/choice.h"
#include "client/tensor.h"

namespace attnd::client {

namespace {

using PositionName = std::pair<absl::string_view, v1::Positions>;

// One of `names`, else a list.
absl::StatusOr<PositionChoice> ParsePositionChoice(absl::string_view kind, absl::string_view text,
                                                   absl::Span<const PositionName> names) {
  for (const auto& [name, positions] : names) {
    if (text == name) return PositionChoice{positions, {}};
  }
  PositionChoice choice = {.positions = v1::POSITIONS_LISTED, .listed = {}};
  for (const absl::string_view piece : absl::StrSplit(text, ',')) {
    uint32_t position = 0;
    if (!absl::SimpleAtoi(piece, &position)) {
      const auto append_name = [](std::string* out, const PositionName& name) { absl::StrAppend(out, name.first); };
      return absl::InvalidArgumentError(absl::StrCat("no ", kind, " '", text,
                                                     "'; there are: ", absl::StrJoin(names, ", ", append_name),
                                                     ", and lists such as 0,5"));
    }
    choice.listed.push_back(position);
  }
  return choice;
}

}  // namespace

absl::StatusOr<PositionChoice> ParsePositions(absl::string_view kind, absl::string_view text) {
  return ParsePositionChoice(kind, text, {{"last", v1::POSITIONS_LAST}, {"all", v1::POSITIONS_ALL}});
}

absl::StatusOr<PositionChoice> ParseLogits(absl::string_view text) {
  return ParsePositionChoice(
      "logits", text, {{"none", v1::POSITIONS_UNSPECIFIED}, {"last", v1::POSITIONS_LAST}, {"all", v1::POSITIONS_ALL}});
}

absl::StatusOr<v1::Pooling> ParsePooling(absl::string_view text) {
  return Choose<v1::Pooling>(
      "pooling", text,
      {{"last", v1::POOLING_LAST}, {"mean", v1::POOLING_MEAN}, {"weighted_mean", v1::POOLING_WEIGHTED_MEAN}});
}

absl::StatusOr<v1::Input> ParseTokenIds(absl::string_view text) {
  v1::Input input;
  for (const absl::string_view piece : absl::StrSplit(text, ',')) {
    uint32_t id = 0;
    if (!absl::SimpleAtoi(piece, &id)) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", piece, "' in '", text,
                       "' is not a token id: an input is whole numbers with commas between, such as 15496,995"));
    }
    input.mutable_token_ids()->add_ids(id);
  }
  return input;
}

absl::StatusOr<std::vector<v1::Input>> ParseInputs(absl::Span<const std::string> texts) {
  std::vector<v1::Input> inputs;
  for (const std::string& text : texts) {
    absl::StatusOr<v1::Input> input = ParseTokenIds(text);
    if (!input.ok()) return input.status();
    inputs.push_back(*std::move(input));
  }
  return inputs;
}

absl::StatusOr<v1::Input> ParseHiddenStates(absl::string_view bytes, int64_t channel_count) {
  const int64_t row_bytes = channel_count * static_cast<int64_t>(sizeof(float));
  const auto byte_count = static_cast<int64_t>(bytes.size());
  if (byte_count == 0 || row_bytes <= 0 || byte_count % row_bytes != 0) {
    return absl::InvalidArgumentError(absl::StrCat("hidden states of ", byte_count, " bytes are not rows of ",
                                                   channel_count, " float32 values (", row_bytes, " bytes)"));
  }
  absl::StatusOr<v1::Tensor> tensor = EncodeTensor(DecodeFloats(bytes), {byte_count / row_bytes, channel_count});
  if (!tensor.ok()) return tensor.status();
  v1::Input input;
  *input.mutable_hidden_states() = *std::move(tensor);
  return input;
}

}  // namespace attnd::client
