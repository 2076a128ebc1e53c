// What happens between a call's acceptance and its result: queue, batches, tokens, refusals, cancellations.

#ifndef SERVER_TELEMETRY_SCHEDULER_METRICS_H_
#define SERVER_TELEMETRY_SCHEDULER_METRICS_H_

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "server/scheduling/events.h"
#include "server/telemetry/metrics.h"

namespace attnd {

// Threads: any.
class SchedulerMetrics {
 public:
  // The limits are the upper ends of the size histograms.
  SchedulerMetrics(int64_t max_batch_requests, int64_t max_batch_tokens, int worker_count,
                   prometheus::Registry& registry);

  void OnRejected(Method method, RejectReason reason);
  void OnLoadChanged(const SchedulerLoad& load);
  void OnCancelled(Method method, CancelStage stage, CancelCause cause, int64_t wasted_tokens);
  void OnBatchStarted(const BatchReport& batch);
  void OnBatchComputed(int worker, absl::Duration duration);
  void OnCompleted(const Request& request, absl::Duration total);
  void AddTo(InferenceStatistics& statistics) const;

 private:
  // Numbers of values of the enumerations in events.h, which index the arrays below.
  static constexpr size_t kMethodCount = 2;
  static constexpr size_t kRejectReasonCount = 6;
  static constexpr size_t kCancelStageCount = 3;
  static constexpr size_t kCancelCauseCount = 2;
  static constexpr size_t kCloseReasonCount = 6;

  struct PerMethod {
    prometheus::Histogram* total = nullptr;
    prometheus::Histogram* queue_wait = nullptr;
    prometheus::Histogram* compute = nullptr;
    prometheus::Counter* tokens = nullptr;
    std::array<prometheus::Counter*, kRejectReasonCount> rejected = {};
    std::array<std::array<prometheus::Counter*, kCancelCauseCount>, kCancelStageCount> cancelled = {};
  };

  struct PerPriority {
    prometheus::Gauge* queue_requests = nullptr;
    prometheus::Gauge* queue_tokens = nullptr;
    prometheus::Gauge* inflight_requests = nullptr;
    prometheus::Gauge* inflight_tokens = nullptr;
  };

  void AddMethodSeries(prometheus::Registry& registry);
  void AddBatchSeries(int64_t max_batch_requests, int64_t max_batch_tokens, prometheus::Registry& registry);
  void AddLoadSeries(prometheus::Registry& registry);
  void AddWorkerSeries(int worker_count, prometheus::Registry& registry);
  PerMethod& At(Method method) { return methods_[static_cast<size_t>(method)]; }

  std::array<PerMethod, kMethodCount> methods_;
  prometheus::Histogram* batch_requests_ = nullptr;
  prometheus::Histogram* batch_tokens_ = nullptr;
  prometheus::Histogram* input_tokens_ = nullptr;
  std::array<prometheus::Counter*, kCloseReasonCount> batches_ = {};
  std::array<prometheus::Counter*, kCancelCauseCount> wasted_tokens_ = {};
  std::array<PerPriority, kPriorityCount> priorities_ = {};
  prometheus::Gauge* estimated_queue_delay_ = nullptr;
  std::vector<prometheus::Counter*> worker_busy_;  // one for each worker
  // When the last request was completed, in milliseconds since 1970; 0: none was.
  std::atomic<int64_t> last_completed_ms_ = 0;
};

}  // namespace attnd

#endif  // SERVER_TELEMETRY_SCHEDULER_METRICS_H_
