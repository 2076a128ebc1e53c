#include <cstdint>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/ctl/arguments.h"
#include "client/ctl/command_groups.h"
#include "client/ctl/embed_output.h"
#include "client/ctl/input_flags.h"
#include "client/ctl/stopwatch.h"
#include "client/output_format.h"

// Described in usage.h.
ABSL_FLAG(std::string, pooling, "last", "");
ABSL_FLAG(uint32_t, dimensions, 0, "");
ABSL_FLAG(bool, normalize, true, "");

namespace attnd::client {
namespace {

absl::StatusOr<Calls> MakeEmbed(absl::Span<const std::string> texts, OutputFormat format) {
  absl::StatusOr<std::vector<v1::Input>> inputs = CollectInputs(texts, SourcesFromFlags());
  if (!inputs.ok()) return inputs.status();
  if (inputs->empty()) return absl::InvalidArgumentError("embed needs an input");
  absl::StatusOr<v1::Pooling> pooling = ParsePooling(absl::GetFlag(FLAGS_pooling));
  if (!pooling.ok()) return pooling.status();
  v1::EmbedRequest request;
  request.mutable_inputs()->Add(inputs->begin(), inputs->end());
  request.set_pooling(*pooling);
  request.set_normalize(absl::GetFlag(FLAGS_normalize));
  request.set_truncate(absl::GetFlag(FLAGS_truncate));
  if (const uint32_t dimensions = absl::GetFlag(FLAGS_dimensions); dimensions > 0) request.set_dimensions(dimensions);
  return [request = std::move(request), format](Client& client) -> absl::StatusOr<std::string> {
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
               {"pooling", "dimensions", "normalize", "text", "text_file", "text_lines", "bytes", "truncate"}}),
  };
}

}  // namespace attnd::client
