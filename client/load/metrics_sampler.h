// The servers' metrics during a load.

#ifndef CLIENT_LOAD_METRICS_SAMPLER_H_
#define CLIENT_LOAD_METRICS_SAMPLER_H_

#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "client/http_get.h"
#include "client/load/load_record.h"
#include "client/load/server_metrics.h"

namespace attnd::client {

// Scrapes all servers again and again, from construction until Stop. A server that does not answer is left out until it
// does.
// Owns: a thread. Threads: Stop by one.
class MetricsSampler {
 public:
  // Without servers it does nothing.
  MetricsSampler(std::vector<HttpUrl> servers, absl::Duration interval);
  ~MetricsSampler() { Stop(); }

  MetricsSampler(const MetricsSampler&) = delete;
  MetricsSampler& operator=(const MetricsSampler&) = delete;

  // Scrapes once more, and returns all there is. Later calls return nothing.
  std::vector<ServerSample> Stop();

 private:
  using Clock = std::chrono::steady_clock;
  using Scrapes = std::vector<std::optional<ServerMetrics>>;  // one a server; nothing of those that did not answer

  void Run();
  Scrapes ScrapeAll() const;

  const std::vector<HttpUrl> servers_;
  const absl::Duration interval_;
  const Clock::time_point start_ = Clock::now();
  absl::Notification stop_;
  std::vector<ServerSample> samples_;  // the thread's until it has ended
  std::thread thread_;
};

}  // namespace attnd::client

#endif  // CLIENT_LOAD_METRICS_SAMPLER_H_
