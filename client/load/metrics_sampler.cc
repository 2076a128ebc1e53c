#include "client/load/metrics_sampler.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace attnd::client {
namespace {

// A piece at the end shorter than this says little.
constexpr double kLeastPart = 0.25;

// Nothing where no server was there at both ends.
template <typename Scrapes>
std::optional<ServerMetrics> Change(const Scrapes& before, const Scrapes& after) {
  std::optional<ServerMetrics> change;
  for (size_t i = 0; i < after.size(); ++i) {
    // A counter that fell is that of another process.
    if (!before[i].has_value() || !after[i].has_value() || after[i]->batches < before[i]->batches) continue;
    if (!change.has_value()) change.emplace();
    change->Add(after[i]->Since(*before[i]));
  }
  return change;
}

}  // namespace

MetricsSampler::MetricsSampler(std::vector<HttpUrl> servers, absl::Duration interval)
    : servers_(std::move(servers)), interval_(interval) {
  if (!servers_.empty()) thread_ = std::thread([this] { Run(); });
}

std::vector<ServerSample> MetricsSampler::Stop() {
  if (!thread_.joinable()) return {};
  stop_.Notify();
  thread_.join();
  return std::move(samples_);
}

void MetricsSampler::Run() {
  Scrapes before = ScrapeAll();
  absl::Duration last = absl::FromChrono(Clock::now() - start_);
  for (bool stopping = false; !stopping;) {
    stopping = stop_.WaitForNotificationWithTimeout(interval_);
    Scrapes after = ScrapeAll();
    const absl::Duration now = absl::FromChrono(Clock::now() - start_);
    const bool long_enough = now - last >= kLeastPart * interval_ || samples_.empty();
    if (const auto change = Change(before, after); change.has_value() && long_enough) {
      samples_.push_back(MakeServerSample(*change, now - last, now));
    }
    before = std::move(after);
    last = now;
  }
}

MetricsSampler::Scrapes MetricsSampler::ScrapeAll() const {
  Scrapes scrapes;
  for (const HttpUrl& server : servers_) {
    const absl::StatusOr<std::string> text = HttpGet(server, interval_);
    absl::StatusOr<ServerMetrics> metrics = text.ok() ? ParseServerMetrics(*text) : text.status();
    scrapes.push_back(metrics.ok() ? std::optional(*std::move(metrics)) : std::nullopt);
  }
  return scrapes;
}

}  // namespace attnd::client
