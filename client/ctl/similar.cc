#include "client/ctl/similar.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/ctl/tensor_view.h"
#include "client/ctl/terminal_text.h"
#include "client/json_line.h"
#include "client/tensor.h"
#include "client/text_table.h"
#include "engine/text/utf8.h"
#include "nlohmann/json.hpp"

namespace attnd::client {
namespace {

constexpr size_t kMaxShownCharacters = 100;

struct Query {
  std::vector<float> vector;
  std::string model_version;
};

absl::StatusOr<Query> EmbedQuery(Client& client, const v1::EmbedRequest& request) {
  const absl::StatusOr<v1::EmbedResponse> response = client.Embed(request);
  if (!response.ok()) return response.status();
  absl::StatusOr<TensorView> vectors = DecodeMatrix(response->embeddings());
  if (!vectors.ok()) return vectors.status();
  if (vectors->row_count() != 1 || vectors->values.empty()) {
    return absl::InternalError(
        absl::StrCat("the server sent vectors of shape ", FormatShape(vectors->shape), " for one text"));
  }
  return Query{std::move(vectors->values), response->model_version()};
}

// "7d0c3b1e5a92" of "7d0c3b1e5a92-1": the same for all servers with these weights, however often they have loaded them.
absl::string_view WeightsOf(absl::string_view model_version) {
  return model_version.substr(0, model_version.find('-'));
}

absl::Status CheckModels(const Query& query, const std::string& model_of_lines) {
  if (WeightsOf(query.model_version) == WeightsOf(model_of_lines)) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat("the query's vector is of the model ", query.model_version,
                                         " and the lines' are of ", model_of_lines,
                                         ": the server has replaced its model, or the servers have different ones, and "
                                         "vectors of two models do not go together; begin again"));
}

}  // namespace

double Cosine(absl::Span<const float> a, absl::Span<const float> b) {
  double product = 0;
  double a_squared = 0;
  double b_squared = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    product += double{a[i]} * b[i];
    a_squared += double{a[i]} * a[i];
    b_squared += double{b[i]} * b[i];
  }
  if (a_squared == 0 || b_squared == 0) return 0;
  return product / (std::sqrt(a_squared) * std::sqrt(b_squared));
}

std::vector<Match> BestMatches(absl::Span<const double> cosines, size_t count) {
  std::vector<size_t> lines(cosines.size());
  std::iota(lines.begin(), lines.end(), size_t{0});
  count = std::min(count, lines.size());
  std::partial_sort(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(count), lines.end(),
                    [&](size_t a, size_t b) { return cosines[a] > cosines[b] || (cosines[a] == cosines[b] && a < b); });
  std::vector<Match> matches;
  for (size_t i = 0; i < count; ++i) matches.push_back({lines[i], cosines[lines[i]]});
  return matches;
}

absl::StatusOr<std::vector<double>> CosinesToLines(Client& client, const v1::EmbedRequest& query,
                                                   const TextLines& lines, EmbedLinesOptions options,
                                                   WatchEmbedding watch) {
  const absl::StatusOr<v1::GetModelResponse> model = client.GetModel();
  if (!model.ok()) return model.status();
  options.limits = model->limits();
  options.request = query;
  options.request.clear_inputs();
  const absl::StatusOr<Query> embedded = EmbedQuery(client, query);
  if (!embedded.ok()) return embedded.status();
  const std::vector<float>& query_vector = embedded->vector;
  std::vector<double> cosines(lines.size());
  const auto take = [&](size_t line, const v1::EmbedResult& result) {
    const std::vector<float> vector = DecodeFloats(result.embedding().data());
    if (vector.size() == query_vector.size()) cosines[line] = Cosine(query_vector, vector);
    if (vector.size() == query_vector.size() && std::isfinite(cosines[line])) return absl::OkStatus();
    return absl::InternalError(absl::StrCat("the server sent a vector for ", lines.Name(line),
                                            " that does not go with the query's of ", query_vector.size(), " numbers"));
  };
  const auto totals = EmbedLines(client, lines, options, take, watch);
  if (!totals.ok()) return totals.status();
  if (lines.empty()) return cosines;
  if (absl::Status status = CheckModels(*embedded, totals->model_version); !status.ok()) return status;
  return cosines;
}

absl::StatusOr<std::vector<double>> CosinesToVectors(Client& client, const v1::EmbedRequest& query,
                                                     const TextLines& lines, const NpyMatrix& vectors) {
  if (static_cast<uint64_t>(vectors.rows()) != lines.size()) {
    return absl::FailedPreconditionError(
        absl::StrCat("--vectors has ", vectors.rows(), " rows, must have ", lines.size(), ", one for each line"));
  }
  const absl::StatusOr<Query> embedded = EmbedQuery(client, query);
  if (!embedded.ok()) return embedded.status();
  const std::vector<float>& query_vector = embedded->vector;
  if (static_cast<uint64_t>(vectors.columns()) != query_vector.size()) {
    return absl::FailedPreconditionError(absl::StrCat("--vectors has ", vectors.columns(), " columns, must have ",
                                                      query_vector.size(), " as the query's vector"));
  }
  std::vector<double> cosines(lines.size());
  for (size_t line = 0; line < lines.size(); ++line) {
    const auto row = vectors.ReadRow(static_cast<int64_t>(line));
    if (!row.ok()) return row.status();
    cosines[line] = Cosine(query_vector, *row);
    if (std::isfinite(cosines[line])) continue;
    return absl::DataLossError(absl::StrCat("--vectors has numbers in row ", line, " that are not finite"));
  }
  return cosines;
}

std::string MatchesTable(absl::Span<const Match> matches, const TextLines& lines) {
  TextTable table({{"cosine", Align::kRight}, {"line", Align::kRight}, {"text"}});
  for (const Match& match : matches) {
    table.AddRow({absl::StrFormat("%.4f", match.cosine), absl::StrCat(match.line + 1),
                  TerminalText(lines[match.line], kMaxShownCharacters)});
  }
  return table.ToString();
}

std::string MatchesJson(absl::Span<const Match> matches, const TextLines& lines) {
  nlohmann::ordered_json json = {{"line_count", lines.size()}, {"matches", nlohmann::ordered_json::array()}};
  for (const Match& match : matches) {
    const absl::string_view text = lines[match.line];
    nlohmann::ordered_json entry = {{"line", match.line + 1}, {"cosine", match.cosine}};
    if (ValidUtf8Length(text) == text.size()) {
      entry["text"] = std::string(text);
    } else {
      entry["text_bytes"] = absl::BytesToHexString(text);
    }
    json["matches"].push_back(std::move(entry));
  }
  return JsonLine(json);
}

}  // namespace attnd::client
