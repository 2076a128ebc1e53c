#include "client/ctl/embed_output.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/ctl/tensor_view.h"
#include "client/ctl/timing_output.h"
#include "client/json_line.h"
#include "client/tensor.h"
#include "client/text_table.h"
#include "nlohmann/json.hpp"

namespace attnd::client {
namespace {

// The embeddings, one row an input.
absl::StatusOr<TensorView> DecodeEmbeddings(const v1::EmbedResponse& response) {
  absl::StatusOr<TensorView> tensor = DecodeMatrix(response.embeddings());
  if (!tensor.ok()) return tensor;
  if (tensor->row_count() != response.token_counts_size()) {
    return absl::InternalError(absl::StrCat("the server sent ", tensor->row_count(), " embeddings and ",
                                            response.token_counts_size(), " token counts"));
  }
  return tensor;
}

}  // namespace

absl::StatusOr<std::string> EmbedTable(const v1::EmbedResponse& response, absl::Duration round_trip) {
  absl::StatusOr<TensorView> tensor = DecodeEmbeddings(response);
  if (!tensor.ok()) return tensor.status();
  TextTable table(
      {{"input", Align::kRight}, {"tokens", Align::kRight}, {"shape"}, {"norm", Align::kRight}, {"first values"}});
  for (int input = 0; input < response.token_counts_size(); ++input) {
    const uint32_t truncated_from = input < response.truncated_from_size() ? response.truncated_from(input) : 0;
    table.AddRow({absl::StrCat(input), FormatTokenCount(response.token_counts(input), truncated_from),
                  FormatShape({tensor->shape[1]}), FormatNorm(tensor->row(input)),
                  FormatFirstValues(tensor->row(input))});
  }
  return absl::StrCat(table.ToString(), "\n", TimingLine(response.timing(), round_trip));
}

absl::StatusOr<std::string> EmbedJson(const v1::EmbedResponse& response, absl::Duration round_trip) {
  absl::StatusOr<TensorView> tensor = DecodeEmbeddings(response);
  if (!tensor.ok()) return tensor.status();
  nlohmann::ordered_json json = {{"embeddings", TensorJson(*tensor)},
                                 {"token_counts", response.token_counts()},
                                 {"truncated_from", response.truncated_from()},
                                 {"model_version", response.model_version()},
                                 {"timing", TimingJson(response.timing(), round_trip)}};
  return JsonLine(json);
}

}  // namespace attnd::client
