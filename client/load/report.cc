#include "client/load/report.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "client/text_table.h"

namespace attnd::client {
namespace {

std::string CountsTable(const LoadPoint& point) {
  TextTable table({{""}, {"", Align::kRight}, {""}});
  table.AddRow({"elapsed", absl::StrFormat("%.2f", point.elapsed_seconds), "s"});
  table.AddRow({"sent", absl::StrCat(point.sent), "calls"});
  table.AddRow({"not sent", absl::StrCat(point.not_sent), "calls due while too many were in flight"});
  table.AddRow({"ok", absl::StrCat(point.ok), "calls"});
  table.AddRow({"ok rate", absl::StrFormat("%.2f", point.ok_per_second()), "calls/s"});
  table.AddRow({"goodput", absl::StrFormat("%.0f", point.ok_tokens_per_second()), "tokens/s"});
  return table.ToString();
}

std::string CodesTable(const LoadRecord& record) {
  TextTable table({{"status"}, {"calls", Align::kRight}});
  for (const auto& [code, calls] : record.calls_by_code()) table.AddRow({code, absl::StrCat(calls)});
  return table.ToString();
}

std::string Milliseconds(double milliseconds) { return absl::StrFormat("%.2f", milliseconds); }

std::vector<std::string> LatenciesRow(absl::string_view name, const Latencies& latencies) {
  return {std::string(name),
          Milliseconds(latencies.p50()),
          Milliseconds(latencies.p90()),
          Milliseconds(latencies.p99()),
          Milliseconds(latencies.p999()),
          Milliseconds(latencies.max)};
}

std::string LatenciesTable(const LoadPoint& point) {
  TextTable table({{"ms, ok calls"},
                   {"p50", Align::kRight},
                   {"p90", Align::kRight},
                   {"p99", Align::kRight},
                   {"p99.9", Align::kRight},
                   {"max", Align::kRight}});
  table.AddRow(LatenciesRow("latency", point.latency));
  table.AddRow(LatenciesRow("server queue", point.queue));
  table.AddRow(LatenciesRow("server compute", point.compute));
  return table.ToString();
}

std::string StepsTable(const LoadRecord& record) {
  TextTable table({{"offered/s", Align::kRight},
                   {"ok/s", Align::kRight},
                   {"tokens/s", Align::kRight},
                   {"failed", Align::kRight},
                   {"p50 ms", Align::kRight},
                   {"p90 ms", Align::kRight},
                   {"p99 ms", Align::kRight},
                   {"queue p99 ms", Align::kRight},
                   {""}});
  for (const LoadPoint& point : record.points) {
    const bool knee = point.offered_per_second == record.knee->offered_per_second;
    table.AddRow({absl::StrFormat("%.2f", point.due_per_second), absl::StrFormat("%.2f", point.ok_per_second()),
                  absl::StrFormat("%.0f", point.ok_tokens_per_second()), absl::StrCat(point.failed()),
                  Milliseconds(point.latency.p50()), Milliseconds(point.latency.p90()),
                  Milliseconds(point.latency.p99()), Milliseconds(point.queue.p99()), knee ? "knee" : ""});
  }
  return absl::StrCat(table.ToString(), "\n", DescribeKnee(*record.knee), "\n");
}

// Titles and values in one place, so that they stay together.
using CsvRow = std::vector<std::pair<std::string, std::string>>;

void AddLatencies(absl::string_view name, const Latencies& latencies, CsvRow& row) {
  for (size_t i = 0; i < kPercents.size(); ++i) {
    row.emplace_back(absl::StrCat(name, "_ms_", kPercentNames[i]), absl::StrCat(latencies.percentiles[i]));
  }
  row.emplace_back(absl::StrCat(name, "_ms_max"), absl::StrCat(latencies.max));
}

CsvRow MakeCsvRow(const LoadPoint& point) {
  CsvRow row = {{"offered_per_second", absl::StrCat(point.offered_per_second)},
                {"due_per_second", absl::StrCat(point.due_per_second)},
                {"elapsed_seconds", absl::StrCat(point.elapsed_seconds)},
                {"sent", absl::StrCat(point.sent)},
                {"not_sent", absl::StrCat(point.not_sent)},
                {"ok", absl::StrCat(point.ok)},
                {"ok_in_time", absl::StrCat(point.ok_in_time)},
                {"ok_per_second", absl::StrCat(point.ok_per_second())},
                {"ok_tokens_per_second", absl::StrCat(point.ok_tokens_per_second())}};
  AddLatencies("latency", point.latency, row);
  AddLatencies("queue", point.queue, row);
  AddLatencies("compute", point.compute, row);
  return row;
}

}  // namespace

std::string DescribeLoad(const LoadDescription& description) {
  return absl::StrCat(description.method, " on ", description.server, " (", description.model, "), ", description.loop,
                      ", ", description.inputs_per_request, " x ", description.length, " tokens a call");
}

std::string DescribeKnee(const Knee& knee) {
  if (knee.offered_per_second == 0) return absl::StrCat("knee: below the lowest load; ", knee.reason);
  return absl::StrFormat("knee: %.4g calls/s; %s", knee.offered_per_second, knee.reason);
}

std::string ReportTable(const LoadRecord& record) {
  const std::string numbers =
      record.is_sweep() ? StepsTable(record)
                        : absl::StrCat(CountsTable(record.main_point()), "\n", LatenciesTable(record.main_point()));
  return absl::StrCat(DescribeLoad(record.description), "\n\n", numbers, "\n", CodesTable(record));
}

std::string ReportCsv(const LoadRecord& record) {
  std::string csv;
  for (const LoadPoint& point : record.points) {
    const CsvRow row = MakeCsvRow(point);
    const auto join = [&row](auto member) {
      return absl::StrJoin(row, ",", [member](std::string* out, const auto& cell) { out->append(cell.*member); });
    };
    if (csv.empty()) csv = absl::StrCat(join(&CsvRow::value_type::first), "\r\n");
    absl::StrAppend(&csv, join(&CsvRow::value_type::second), "\r\n");
  }
  return csv;
}

}  // namespace attnd::client
