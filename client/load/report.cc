#include "client/load/report.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/text_table.h"
#include "nlohmann/json.hpp"

namespace attnd::client {
namespace {

double PerSecond(int64_t count, absl::Duration elapsed) {
  const double seconds = absl::ToDoubleSeconds(elapsed);
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

std::string CountsTable(const LoadResult& result) {
  const LoadCounts& counts = result.counts;
  TextTable table({{""}, {"", Align::kRight}, {""}});
  table.AddRow({"elapsed", absl::StrFormat("%.2f", absl::ToDoubleSeconds(result.elapsed)), "s"});
  table.AddRow({"sent", absl::StrCat(counts.sent), "calls"});
  table.AddRow({"not sent", absl::StrCat(counts.not_sent), "calls due while too many were in flight"});
  table.AddRow({"ok", absl::StrCat(counts.ok), "calls"});
  table.AddRow({"ok rate", absl::StrFormat("%.2f", PerSecond(counts.ok, result.elapsed)), "calls/s"});
  table.AddRow({"goodput", absl::StrFormat("%.0f", PerSecond(counts.ok_tokens, result.elapsed)), "tokens/s"});
  return table.ToString();
}

std::string CodesTable(const LoadResult& result) {
  TextTable table({{"status"}, {"calls", Align::kRight}});
  for (const auto& [code, calls] : result.calls_by_code) {
    table.AddRow({absl::StatusCodeToString(code), absl::StrCat(calls)});
  }
  return table.ToString();
}

std::string Milliseconds(absl::Duration duration) {
  return absl::StrFormat("%.2f", absl::ToDoubleMilliseconds(duration));
}

std::vector<std::string> SummaryRow(absl::string_view name, const LatencySummary& summary) {
  return {std::string(name),
          Milliseconds(summary.Percentile(50)),
          Milliseconds(summary.Percentile(90)),
          Milliseconds(summary.Percentile(99)),
          Milliseconds(summary.Percentile(99.9)),
          Milliseconds(summary.max())};
}

std::string SummariesTable(const LoadResult& result) {
  TextTable table({{"ms, ok calls"},
                   {"p50", Align::kRight},
                   {"p90", Align::kRight},
                   {"p99", Align::kRight},
                   {"p99.9", Align::kRight},
                   {"max", Align::kRight}});
  table.AddRow(SummaryRow("latency", result.latency));
  table.AddRow(SummaryRow("server queue", result.queue));
  table.AddRow(SummaryRow("server compute", result.compute));
  return table.ToString();
}

nlohmann::ordered_json SummaryJson(const LatencySummary& summary) {
  return {{"p50", absl::ToDoubleMilliseconds(summary.Percentile(50))},
          {"p90", absl::ToDoubleMilliseconds(summary.Percentile(90))},
          {"p99", absl::ToDoubleMilliseconds(summary.Percentile(99))},
          {"p99.9", absl::ToDoubleMilliseconds(summary.Percentile(99.9))},
          {"max", absl::ToDoubleMilliseconds(summary.max())}};
}

nlohmann::ordered_json CodesJson(const LoadResult& result) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [code, calls] : result.calls_by_code) json[absl::StatusCodeToString(code)] = calls;
  return json;
}

}  // namespace

std::string ReportTable(const LoadDescription& description, const LoadResult& result) {
  return absl::StrCat(description.method, " on ", description.server, " (", description.model, "), ", description.loop,
                      ", ", description.inputs_per_request, " x ", description.length, " tokens a call\n\n",
                      CountsTable(result), "\n", SummariesTable(result), "\n", CodesTable(result));
}

std::string ReportJson(const LoadDescription& description, const LoadResult& result) {
  const LoadCounts& counts = result.counts;
  const nlohmann::ordered_json json = {{"server", description.server},
                                       {"model", description.model},
                                       {"method", description.method},
                                       {"loop", description.loop},
                                       {"length", description.length},
                                       {"inputs_per_request", description.inputs_per_request},
                                       {"seed", description.seed},
                                       {"elapsed_seconds", absl::ToDoubleSeconds(result.elapsed)},
                                       {"sent", counts.sent},
                                       {"not_sent", counts.not_sent},
                                       {"ok", counts.ok},
                                       {"ok_per_second", PerSecond(counts.ok, result.elapsed)},
                                       {"ok_tokens", counts.ok_tokens},
                                       {"ok_tokens_per_second", PerSecond(counts.ok_tokens, result.elapsed)},
                                       {"latency_ms", SummaryJson(result.latency)},
                                       {"queue_ms", SummaryJson(result.queue)},
                                       {"compute_ms", SummaryJson(result.compute)},
                                       {"calls_by_code", CodesJson(result)}};
  return json.dump(2) + "\n";
}

}  // namespace attnd::client
