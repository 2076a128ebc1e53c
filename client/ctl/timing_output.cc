#include "client/ctl/timing_output.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/text_table.h"

namespace attnd::client {
namespace {

std::string Count(uint32_t count, absl::string_view noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

}  // namespace

std::string TimingLine(const v1::Timing& timing, absl::Duration round_trip) {
  return absl::StrCat("queue ", FormatMilliseconds(absl::Seconds(timing.queue_seconds())), ", compute ",
                      FormatMilliseconds(absl::Seconds(timing.compute_seconds())), ", ",
                      Count(timing.batch_tokens(), "token"), " of ", Count(timing.batch_requests(), "request"),
                      " in the batch, round trip ", FormatMilliseconds(round_trip), "\n");
}

nlohmann::ordered_json TimingJson(const v1::Timing& timing, absl::Duration round_trip) {
  return {{"queue_seconds", timing.queue_seconds()}, {"compute_seconds", timing.compute_seconds()},
          {"batch_tokens", timing.batch_tokens()},   {"batch_requests", timing.batch_requests()},
          {"batch_count", timing.batch_count()},     {"round_trip_seconds", absl::ToDoubleSeconds(round_trip)}};
}

}  // namespace attnd::client
