#include "client/ctl/embed_file.h"

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "client/ctl/stopwatch.h"
#include "client/json_line.h"
#include "client/tensor.h"
#include "client/text_table.h"
#include "engine/files/npy.h"
#include "nlohmann/json.hpp"

namespace attnd::client {
namespace {

double TokensPerSecond(const EmbedFileSummary& summary) {
  const double seconds = absl::ToDoubleSeconds(summary.elapsed);
  return seconds > 0 ? static_cast<double>(summary.totals.token_count) / seconds : 0;
}

std::string Count(int64_t count, absl::string_view noun) {
  return absl::StrCat(WithSeparators(static_cast<uint64_t>(count)), " ", noun, count == 1 ? "" : "s");
}

absl::StatusOr<NpyWriter> CreateFile(const EmbedFileJob& job, int64_t columns) {
  auto writer = NpyWriter::Create(job.target, job.existing, static_cast<int64_t>(job.lines.size()), columns);
  if (!absl::IsAlreadyExists(writer.status())) return writer;
  return absl::AlreadyExistsError(absl::StrCat(writer.status().message(), "; --overwrite replaces it"));
}

}  // namespace

absl::StatusOr<EmbedFileSummary> WriteVectors(Client& client, const EmbedFileJob& job, WatchEmbedding watch) {
  const Stopwatch stopwatch;
  const absl::StatusOr<v1::GetModelResponse> model = client.GetModel();
  if (!model.ok()) return model.status();
  EmbedLinesOptions options = job.options;
  options.limits = model->limits();
  const v1::EmbedRequest& request = options.request;
  const int64_t columns = request.has_dimensions() ? request.dimensions() : model->config().embedding_length();
  auto writer = CreateFile(job, columns);
  if (!writer.ok()) return writer.status();
  const auto totals = EmbedLines(
      client, job.lines, options,
      [&writer](size_t line, const v1::EmbedResult& result) {
        return writer->WriteRow(static_cast<int64_t>(line), result.embedding().data());
      },
      watch);
  if (!totals.ok()) return totals.status();
  if (absl::Status status = writer->Commit(); !status.ok()) return status;
  return EmbedFileSummary{.file = job.target,
                          .line_count = static_cast<int64_t>(job.lines.size()),
                          .columns = columns,
                          .totals = *totals,
                          .elapsed = stopwatch.Elapsed()};
}

std::string EmbedFileLine(const EmbedFileSummary& summary) {
  const std::string cut = summary.totals.truncated_count > 0
                              ? absl::StrCat(", ", Count(summary.totals.truncated_count, "line"), " cut")
                              : "";
  return absl::StrFormat("%s%s, %s in %.1f s, %.1f tokens/s: %s, float32 %s\n", Count(summary.line_count, "line"), cut,
                         Count(summary.totals.token_count, "token"), absl::ToDoubleSeconds(summary.elapsed),
                         TokensPerSecond(summary), summary.file, FormatShape({summary.line_count, summary.columns}));
}

std::string EmbedFileJson(const EmbedFileSummary& summary) {
  const nlohmann::ordered_json json = {{"file", summary.file},
                                       {"shape", {summary.line_count, summary.columns}},
                                       {"line_count", summary.line_count},
                                       {"token_count", summary.totals.token_count},
                                       {"truncated_count", summary.totals.truncated_count},
                                       {"refusal_count", summary.totals.refusal_count},
                                       {"seconds", absl::ToDoubleSeconds(summary.elapsed)},
                                       {"tokens_per_second", TokensPerSecond(summary)},
                                       {"model_version", summary.totals.model_version}};
  return JsonLine(json);
}

}  // namespace attnd::client
