#include "server/telemetry/scheduler_metrics.h"

#include <string>

#include "server/telemetry/buckets.h"
#include "server/telemetry/counted_time.h"
#include "server/telemetry/rejected_family.h"

namespace attnd {
namespace {

constexpr const char* kMethodNames[] = {"Forward", "Embed"};
constexpr const char* kRejectReasons[] = {"queue_requests",      "queue_tokens", "reply_bytes",
                                          "deadline_infeasible", "draining",     "not_ready"};
constexpr const char* kCancelStages[] = {"queue", "compute", "stream"};
constexpr const char* kCancelCauses[] = {"client", "deadline"};
constexpr const char* kCloseReasons[] = {"worker_idle", "token_budget", "max_requests",
                                         "delay",       "other_model",  "drain"};
constexpr const char* kPriorityNames[] = {"critical", "high", "normal", "low"};

using CounterFamily = prometheus::Family<prometheus::Counter>;
using GaugeFamily = prometheus::Family<prometheus::Gauge>;
using HistogramFamily = prometheus::Family<prometheus::Histogram>;

CounterFamily& Counters(const char* name, const char* help, prometheus::Registry& registry) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

HistogramFamily& Histograms(const char* name, const char* help, prometheus::Registry& registry) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

GaugeFamily& Gauges(const char* name, const char* help, prometheus::Registry& registry) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

}  // namespace

SchedulerMetrics::SchedulerMetrics(int64_t max_batch_requests, int64_t max_batch_tokens, int worker_count,
                                   prometheus::Registry& registry) {
  AddMethodSeries(registry);
  AddBatchSeries(max_batch_requests, max_batch_tokens, registry);
  AddLoadSeries(registry);
  AddWorkerSeries(worker_count, registry);
}

void SchedulerMetrics::AddMethodSeries(prometheus::Registry& registry) {
  auto& total =
      Histograms("attnd_request_duration_seconds",
                 "Seconds from a call's acceptance to its result, for calls computed to their end.", registry);
  auto& queue_wait = Histograms("attnd_queue_wait_seconds",
                                "Seconds from a call's acceptance to the start of its first batch.", registry);
  auto& compute = Histograms("attnd_compute_seconds", "Seconds of computing in the batches a call was in.", registry);
  auto& tokens = Counters("attnd_tokens_processed_total",
                          "Tokens of calls computed to their end; batches hold no padding.", registry);
  auto& rejected = RejectedFamily(registry);
  auto& cancelled = Counters(
      "attnd_cancelled_total",
      "Accepted calls given up before their result was ready, and answers of streams before they left.", registry);
  for (size_t method = 0; method < kMethodCount; ++method) {
    PerMethod& metrics = methods_[method];
    const prometheus::Labels labels = {{"method", kMethodNames[method]}};
    metrics.total = &total.Add(labels, LatencyBuckets());
    metrics.queue_wait = &queue_wait.Add(labels, LatencyBuckets());
    metrics.compute = &compute.Add(labels, LatencyBuckets());
    metrics.tokens = &tokens.Add({{"method", kMethodNames[method]}, {"kind", "real"}});
    tokens.Add({{"method", kMethodNames[method]}, {"kind", "padding"}});
    for (size_t reason = 0; reason < kRejectReasonCount; ++reason) {
      metrics.rejected[reason] = &rejected.Add({{"method", kMethodNames[method]}, {"reason", kRejectReasons[reason]}});
    }
    for (size_t stage = 0; stage < kCancelStageCount; ++stage) {
      for (size_t cause = 0; cause < kCancelCauseCount; ++cause) {
        metrics.cancelled[stage][cause] = &cancelled.Add(
            {{"method", kMethodNames[method]}, {"stage", kCancelStages[stage]}, {"cause", kCancelCauses[cause]}});
      }
    }
  }
}

void SchedulerMetrics::AddBatchSeries(int64_t max_batch_requests, int64_t max_batch_tokens,
                                      prometheus::Registry& registry) {
  batch_requests_ = &Histograms("attnd_batch_requests", "Calls with inputs in a batch.", registry)
                         .Add({}, PowerOfTwoBuckets(max_batch_requests));
  batch_tokens_ =
      &Histograms("attnd_batch_tokens", "Tokens in a batch.", registry).Add({}, PowerOfTwoBuckets(max_batch_tokens));
  input_tokens_ = &Histograms("attnd_input_tokens", "Tokens in one input of a computed call.", registry)
                       .Add({}, PowerOfTwoBuckets(max_batch_tokens));
  auto& batches = Counters("attnd_batches_total", "Batches computed, by why they took no more inputs.", registry);
  for (size_t reason = 0; reason < kCloseReasonCount; ++reason) {
    batches_[reason] = &batches.Add({{"close_reason", kCloseReasons[reason]}});
  }
}

void SchedulerMetrics::AddLoadSeries(prometheus::Registry& registry) {
  auto& queue_requests = Gauges("attnd_queue_requests", "Calls waiting for a batch.", registry);
  auto& queue_tokens = Gauges("attnd_queue_tokens", "Tokens waiting for a batch.", registry);
  auto& inflight_requests = Gauges("attnd_inflight_requests", "Calls in the batches being computed.", registry);
  auto& inflight_tokens = Gauges("attnd_inflight_tokens", "Tokens in the batches being computed.", registry);
  for (size_t priority = 0; priority < priorities_.size(); ++priority) {
    const prometheus::Labels labels = {{"priority", kPriorityNames[priority]}};
    priorities_[priority] = {.queue_requests = &queue_requests.Add(labels),
                             .queue_tokens = &queue_tokens.Add(labels),
                             .inflight_requests = &inflight_requests.Add(labels),
                             .inflight_tokens = &inflight_tokens.Add(labels)};
  }
  estimated_queue_delay_ =
      &Gauges(
           "attnd_estimated_queue_delay_seconds",
           "Seconds until what waits is computed, by the measured cost of a token; 0 before the first near full batch.",
           registry)
           .Add({});
  auto& wasted_tokens = Counters("attnd_wasted_tokens_total",
                                 "Tokens put in a batch for calls that were given up, by who gave them up.", registry);
  for (size_t cause = 0; cause < kCancelCauseCount; ++cause) {
    wasted_tokens_[cause] = &wasted_tokens.Add({{"cause", kCancelCauses[cause]}});
  }
}

void SchedulerMetrics::AddWorkerSeries(int worker_count, prometheus::Registry& registry) {
  auto& busy = Counters("attnd_worker_busy_seconds_total", "Seconds a batcher spent on batches.", registry);
  for (int worker = 0; worker < worker_count; ++worker) {
    worker_busy_.push_back(&busy.Add({{"worker", std::to_string(worker)}}));
  }
}

void SchedulerMetrics::OnRejected(Method method, RejectReason reason) {
  At(method).rejected[static_cast<size_t>(reason)]->Increment();
}

void SchedulerMetrics::OnLoadChanged(const SchedulerLoad& load) {
  for (size_t priority = 0; priority < priorities_.size(); ++priority) {
    const PerPriority& gauges = priorities_[priority];
    gauges.queue_requests->Set(static_cast<double>(load.queued[priority].requests));
    gauges.queue_tokens->Set(static_cast<double>(load.queued[priority].tokens));
    gauges.inflight_requests->Set(static_cast<double>(load.running[priority].requests));
    gauges.inflight_tokens->Set(static_cast<double>(load.running[priority].tokens));
  }
  estimated_queue_delay_->Set(absl::ToDoubleSeconds(load.estimated_queue_delay));
}

void SchedulerMetrics::OnCancelled(Method method, CancelStage stage, CancelCause cause, int64_t wasted_tokens) {
  At(method).cancelled[static_cast<size_t>(stage)][static_cast<size_t>(cause)]->Increment();
  wasted_tokens_[static_cast<size_t>(cause)]->Increment(static_cast<double>(wasted_tokens));
}

void SchedulerMetrics::OnBatchComputed(int worker, absl::Duration duration) {
  worker_busy_[static_cast<size_t>(worker)]->Increment(absl::ToDoubleSeconds(duration));
}

void SchedulerMetrics::OnBatchStarted(const BatchReport& batch) {
  batch_requests_->Observe(static_cast<double>(batch.size.requests));
  batch_tokens_->Observe(static_cast<double>(batch.size.tokens));
  batches_[static_cast<size_t>(batch.close_reason)]->Increment();
}

void SchedulerMetrics::OnCompleted(const Request& request, absl::Duration total) {
  PerMethod& metrics = At(request.method);
  metrics.total->Observe(absl::ToDoubleSeconds(total));
  metrics.queue_wait->Observe(absl::ToDoubleSeconds(request.timing.queue));
  metrics.compute->Observe(absl::ToDoubleSeconds(request.timing.compute));
  metrics.tokens->Increment(static_cast<double>(request.token_count()));
  for (const SequenceInput& input : request.inputs) input_tokens_->Observe(static_cast<double>(input.token_count));
  last_completed_ms_.store(absl::ToUnixMillis(request.accepted_at + total), std::memory_order_relaxed);
}

void SchedulerMetrics::AddTo(InferenceStatistics& statistics) const {
  double failed = 0;
  for (const PerMethod& metrics : methods_) {
    attnd::AddTo(statistics.completed, *metrics.total);
    attnd::AddTo(statistics.queue, *metrics.queue_wait);
    attnd::AddTo(statistics.compute, *metrics.compute);
    for (const prometheus::Counter* rejected : metrics.rejected) failed += rejected->Value();
    // Those whose answer was ready are among the completed.
    for (const CancelStage stage : {CancelStage::kQueue, CancelStage::kCompute}) {
      for (const prometheus::Counter* cancelled : metrics.cancelled[static_cast<size_t>(stage)]) {
        failed += cancelled->Value();
      }
    }
  }
  double batches = 0;
  for (const prometheus::Counter* reason : batches_) batches += reason->Value();
  statistics.failed += static_cast<int64_t>(failed);
  statistics.batches += static_cast<int64_t>(batches);
  statistics.inputs += static_cast<int64_t>(input_tokens_->Collect().histogram.sample_count);
  if (const int64_t last_ms = last_completed_ms_.load(std::memory_order_relaxed); last_ms > 0) {
    statistics.last_completed = absl::FromUnixMillis(last_ms);
  }
}

}  // namespace attnd
