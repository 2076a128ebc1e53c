#include "client/load/progress.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/terminal.h"

namespace attnd::client {

std::string ProgressLine(double fraction, absl::Duration elapsed, absl::Duration duration, const LoadCounts& counts,
                         double rate_per_s) {
  return absl::StrFormat("%s %.0f/%.0f s  sent %d  ok %d  errors %d  not sent %d  %.1f calls/s", Bar(fraction),
                         absl::ToDoubleSeconds(elapsed), absl::ToDoubleSeconds(duration), counts.sent, counts.ok,
                         counts.completed - counts.ok, counts.not_sent, rate_per_s);
}

Progress::Progress(std::string label, absl::Duration duration, int64_t max_requests, const LoadStatistics& statistics)
    : label_(std::move(label)),
      duration_(duration),
      max_requests_(max_requests),
      statistics_(statistics),
      thread_([this] { Report(); }) {}

Progress::~Progress() {
  finished_.Notify();
  thread_.join();
}

void Progress::Report() {
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const absl::Duration interval = terminal ? kRedrawInterval : kLogInterval;
  const auto start = std::chrono::steady_clock::now();
  int64_t completed_before = 0;
  while (!finished_.WaitForNotificationWithTimeout(interval)) {
    const absl::Duration elapsed = absl::FromChrono(std::chrono::steady_clock::now() - start);
    const LoadCounts counts = statistics_.counts();
    const double time_fraction = absl::FDivDuration(elapsed, duration_);
    const double count_fraction =
        max_requests_ > 0 ? static_cast<double>(counts.completed) / static_cast<double>(max_requests_) : 0;
    const double rate_per_s =
        static_cast<double>(counts.completed - completed_before) / absl::ToDoubleSeconds(interval);
    completed_before = counts.completed;
    std::cerr << (terminal ? kRedraw : "") << label_
              << ProgressLine(std::max(time_fraction, count_fraction), elapsed, duration_, counts, rate_per_s)
              << (terminal ? "" : "\n") << std::flush;
  }
  if (terminal) std::cerr << kRedraw << std::flush;
}

}  // namespace attnd::client
