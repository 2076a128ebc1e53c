#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/ctl/command_groups.h"
#include "client/ctl/embed_flags.h"
#include "client/ctl/input_flags.h"
#include "client/ctl/similar.h"
#include "client/interrupt.h"
#include "client/output_format.h"
#include "client/step_progress.h"
#include "engine/files/npy.h"

// Described in usage.h.
ABSL_FLAG(int64_t, top, 10, "");
ABSL_FLAG(std::string, vectors, "", "");

namespace attnd::client {
namespace {

// The query with what the flags ask for.
absl::StatusOr<v1::EmbedRequest> QueryFromFlags(absl::Span<const std::string> texts, const InputSources& sources) {
  absl::StatusOr<v1::EmbedRequest> request = EmbedRequestFromFlags();
  if (!request.ok()) return request.status();
  absl::StatusOr<std::vector<v1::Input>> inputs =
      CollectInputs(texts, {.is_text = sources.is_text, .is_bytes = sources.is_bytes});
  if (!inputs.ok()) return inputs.status();
  if (inputs->size() != 1) return absl::InvalidArgumentError("similar takes one input, to compare lines with");
  *request->add_inputs() = std::move(inputs->front());
  return request;
}

absl::StatusOr<std::vector<double>> EmbedAndCompare(Client& client, const v1::EmbedRequest& query,
                                                    const TextLines& lines, bool is_bytes) {
  const std::atomic<bool>& interrupted = StopOnSignal();
  StepProgress progress(absl::StrCat("embedding ", lines.source()));
  return CosinesToLines(client, query, lines,
                        {.is_bytes = is_bytes, .patience = absl::Milliseconds(absl::GetFlag(FLAGS_timeout_ms))},
                        [&](double fraction) {
                          progress.Set(fraction);
                          return interrupted ? absl::CancelledError("interrupted") : absl::OkStatus();
                        });
}

absl::StatusOr<std::vector<double>> Compare(Client& client, const v1::EmbedRequest& query, const TextLines& lines,
                                            bool is_bytes) {
  const std::string path = absl::GetFlag(FLAGS_vectors);
  if (path.empty()) return EmbedAndCompare(client, query, lines, is_bytes);
  const absl::StatusOr<NpyMatrix> vectors = NpyMatrix::Open(path);
  if (!vectors.ok()) return vectors.status();
  return CosinesToVectors(client, query, lines, *vectors);
}

absl::StatusOr<Calls> MakeSimilar(absl::Span<const std::string> texts, OutputFormat format) {
  const InputSources sources = SourcesFromFlags();
  absl::StatusOr<v1::EmbedRequest> query = QueryFromFlags(texts, sources);
  if (!query.ok()) return query.status();
  if (sources.text_lines.empty()) return absl::InvalidArgumentError("similar needs --text_lines");
  const int64_t top = absl::GetFlag(FLAGS_top);
  if (top < 1) return absl::InvalidArgumentError("--top must be above 0");
  absl::StatusOr<TextLines> lines = TextLines::Read(sources.text_lines, sources.is_bytes);
  if (!lines.ok()) return lines.status();
  return [query = *std::move(query), lines = *std::move(lines), is_bytes = sources.is_bytes, top,
          format](Client& client) -> absl::StatusOr<std::string> {
    const absl::StatusOr<std::vector<double>> cosines = Compare(client, query, lines, is_bytes);
    if (!cosines.ok()) return cosines.status();
    const std::vector<Match> matches = BestMatches(*cosines, static_cast<size_t>(top));
    return format == OutputFormat::kJson ? MatchesJson(matches, lines) : MatchesTable(matches, lines);
  };
}

}  // namespace

std::vector<Subcommand<Action>> SimilarCommands() {
  return {
      Calling({"similar",
               MakeSimilar,
               {"top", "vectors", "pooling", "dimensions", "text", "text_lines", "bytes", "truncate"}}),
  };
}

}  // namespace attnd::client
