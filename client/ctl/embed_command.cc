#include <atomic>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/ctl/command_groups.h"
#include "client/ctl/embed_file.h"
#include "client/ctl/embed_flags.h"
#include "client/ctl/embed_output.h"
#include "client/ctl/input_flags.h"
#include "client/ctl/stopwatch.h"
#include "client/interrupt.h"
#include "client/output_format.h"
#include "client/step_progress.h"

// Described in usage.h.
ABSL_FLAG(std::string, out, "", "");
ABSL_FLAG(bool, overwrite, false, "");

namespace attnd::client {
namespace {

absl::StatusOr<EmbedFileJob> JobFromFlags(absl::Span<const std::string> texts, const v1::EmbedRequest& request) {
  const InputSources sources = SourcesFromFlags();
  if (!texts.empty() || !sources.text_file.empty() || sources.text_lines.empty()) {
    return absl::InvalidArgumentError("embed --out takes the lines of --text_lines, and nothing else");
  }
  absl::StatusOr<TextLines> lines = TextLines::Read(sources.text_lines, sources.is_bytes);
  if (!lines.ok()) return lines.status();
  return EmbedFileJob{.lines = *std::move(lines),
                      .target = absl::GetFlag(FLAGS_out),
                      .existing = absl::GetFlag(FLAGS_overwrite) ? ExistingTarget::kReplace : ExistingTarget::kRefuse,
                      .options = {.request = request,
                                  .is_bytes = sources.is_bytes,
                                  .patience = absl::Milliseconds(absl::GetFlag(FLAGS_timeout_ms))}};
}

absl::StatusOr<Calls> MakeEmbedFile(absl::Span<const std::string> texts, const v1::EmbedRequest& request,
                                    OutputFormat format) {
  absl::StatusOr<EmbedFileJob> job = JobFromFlags(texts, request);
  if (!job.ok()) return job.status();
  return [job = *std::move(job), format](Client& client) -> absl::StatusOr<std::string> {
    const std::atomic<bool>& interrupted = StopOnSignal();
    absl::StatusOr<EmbedFileSummary> summary;
    {
      StepProgress progress(absl::StrCat("embedding ", job.lines.source()));
      summary = WriteVectors(client, job, [&](double fraction) {
        progress.Set(fraction);
        return interrupted ? absl::CancelledError("interrupted; nothing was written") : absl::OkStatus();
      });
    }
    if (!summary.ok()) return summary.status();
    return format == OutputFormat::kJson ? EmbedFileJson(*summary) : EmbedFileLine(*summary);
  };
}

absl::StatusOr<Calls> MakeEmbed(absl::Span<const std::string> texts, OutputFormat format) {
  absl::StatusOr<v1::EmbedRequest> request = EmbedRequestFromFlags();
  if (!request.ok()) return request.status();
  if (!absl::GetFlag(FLAGS_out).empty()) return MakeEmbedFile(texts, *request, format);
  if (absl::GetFlag(FLAGS_overwrite)) return absl::InvalidArgumentError("--overwrite needs --out");
  absl::StatusOr<std::vector<v1::Input>> inputs = CollectInputs(texts, SourcesFromFlags());
  if (!inputs.ok()) return inputs.status();
  if (inputs->empty()) return absl::InvalidArgumentError("embed needs an input");
  request->mutable_inputs()->Add(inputs->begin(), inputs->end());
  return [request = *std::move(request), format](Client& client) -> absl::StatusOr<std::string> {
    const Stopwatch stopwatch;
    absl::StatusOr<v1::EmbedResponse> response = client.Embed(request);
    const absl::Duration round_trip = stopwatch.Elapsed();
    if (!response.ok()) return response.status();
    return format == OutputFormat::kJson ? EmbedJson(*response, round_trip) : EmbedTable(*response, round_trip);
  };
}

}  // namespace

std::vector<Subcommand<Action>> EmbedCommands() {
  return {
      Calling({"embed",
               MakeEmbed,
               {"pooling", "dimensions", "normalize", "text", "text_file", "text_lines", "bytes", "truncate", "out",
                "overwrite"}}),
  };
}

}  // namespace attnd::client
