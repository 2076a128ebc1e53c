#include "server/logging/logging.h"

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <optional>

#include "absl/log/globals.h"
#include "absl/log/initialize.h"
#include "absl/log/log.h"
#include "absl/log/log_sink.h"
#include "absl/log/log_sink_registry.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "nlohmann/json.hpp"
#include "server/logging/json_line.h"
#include "server/logging/line_limit.h"

namespace attnd {
namespace {

constexpr int64_t kCallLinesPerSecond = 100;

std::atomic<LogFormat> chosen_format = LogFormat::kText;

// One write a line, so that lines of several threads do not mix.
void WriteLine(const std::string& line) {
  const std::string text = line + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
}

class JsonSink final : public absl::LogSink {
 public:
  void Send(const absl::LogEntry& entry) override { WriteLine(FormatJson(entry)); }
};

}  // namespace

void InitializeLogging(LogFormat format) {
  chosen_format = format;
  absl::SetStderrThreshold(format == LogFormat::kText ? absl::LogSeverityAtLeast::kInfo
                                                      : absl::LogSeverityAtLeast::kInfinity);
  if (format == LogFormat::kJson) {
    // Lives as long as the process, as threads that log may.
    static JsonSink& sink = *new JsonSink();
    absl::AddLogSink(&sink);
  }
  absl::InitializeLog();
}

bool LogFailedCall(CallRecord record) {
  static LineLimit& limit = *new LineLimit(kCallLinesPerSecond);
  const absl::Time now = absl::Now();
  const bool ours = absl::IsInternal(record.status);
  const std::optional<int64_t> dropped = limit.Pass(now);
  if (!dropped && !ours) return false;
  record.dropped = dropped.value_or(0);
  const absl::LogSeverity severity = ours ? absl::LogSeverity::kError : absl::LogSeverity::kInfo;
  if (chosen_format == LogFormat::kJson) {
    WriteLine(FormatJson(record, now, absl::LogSeverityName(severity)));
  } else {
    LOG(LEVEL(severity)) << FormatText(record);
  }
  return true;
}

std::string FormatJson(const absl::LogEntry& entry) {
  return JsonLine(entry.timestamp(), absl::LogSeverityName(entry.log_severity()), "log",
                  {{"source", absl::StrCat(entry.source_basename(), ":", entry.source_line())},
                   {"thread", entry.tid()},
                   {"message", std::string(entry.text_message())}});
}

}  // namespace attnd
