// A clock that stands still and an engine that computes nothing, so that scheduling can be tested step by step.

#ifndef TESTS_SERVER_SCHEDULING_FAKES_H_
#define TESTS_SERVER_SCHEDULING_FAKES_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "engine/engine.h"
#include "server/scheduling/clock.h"
#include "server/scheduling/events.h"
#include "server/scheduling/request.h"

namespace attnd {

class FakeClock final : public Clock {
 public:
  absl::Time Now() const override {
    const absl::MutexLock lock(&mutex_);
    return now_;
  }

  void Advance(absl::Duration duration) {
    const absl::MutexLock lock(&mutex_);
    now_ += duration;
  }

 private:
  mutable absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_) = absl::UnixEpoch() + absl::Hours(1);
};

// Each batch waits until the test lets it go, advances the clock by `duration`, and gives every sequence its token
// count as its embedding. Being let go is where a batch that nobody waits for stops.
class FakeEngine final : public Engine {
 public:
  FakeEngine(FakeClock& clock, absl::Duration duration) : clock_(clock), duration_(duration) {}

  const EngineInfo& info() const override { return info_; }

  using Engine::Forward;
  absl::Status Forward(absl::Span<const SequenceTask> batch, absl::FunctionRef<bool()> is_abandoned) override {
    const absl::MutexLock lock(&mutex_);
    std::vector<int64_t>& token_counts = batches_.emplace_back();
    for (const SequenceTask& task : batch) {
      token_counts.push_back(task.input->token_count);
      task.output->embedding = {static_cast<float>(task.input->token_count)};
    }
    mutex_.Await(absl::Condition(this, &FakeEngine::MayGo));
    --permits_;
    if (is_abandoned()) return absl::CancelledError("abandoned");
    clock_.Advance(duration_);
    return result_;
  }

  // Lets `count` more batches go.
  void Permit(int count) {
    const absl::MutexLock lock(&mutex_);
    permits_ += count;
  }

  void FailWith(absl::Status result) {
    const absl::MutexLock lock(&mutex_);
    result_ = std::move(result);
  }

  // Waits until `count` batches have been started; token counts of the sequences of each.
  std::vector<std::vector<int64_t>> WaitForBatches(size_t count) {
    const absl::MutexLock lock(&mutex_);
    const auto started = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return batches_.size() >= count; };
    mutex_.Await(absl::Condition(&started));
    return batches_;
  }

 private:
  bool MayGo() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return permits_ > 0; }

  FakeClock& clock_;
  const absl::Duration duration_;
  EngineInfo info_;
  absl::Mutex mutex_;
  std::vector<std::vector<int64_t>> batches_ ABSL_GUARDED_BY(mutex_);
  int permits_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status result_ ABSL_GUARDED_BY(mutex_);
};

// Remembers what it is told.
class RecordingEvents final : public SchedulerEvents {
 public:
  void OnRejected(Method, RejectReason reason) override {
    const absl::MutexLock lock(&mutex_);
    rejected_.push_back(reason);
  }
  void OnLoadChanged(Load queued, Load running) override {
    const absl::MutexLock lock(&mutex_);
    queued_ = queued;
    running_ = running;
  }
  void OnCancelled(Method, CancelStage stage, CancelCause cause) override {
    const absl::MutexLock lock(&mutex_);
    cancelled_.emplace_back(stage, cause);
  }
  void OnBatchStarted(const BatchReport& batch) override {
    const absl::MutexLock lock(&mutex_);
    close_reasons_.push_back(batch.close_reason);
  }
  void OnCompleted(const Request&, absl::Duration total) override {
    const absl::MutexLock lock(&mutex_);
    totals_.push_back(total);
  }

  std::vector<RejectReason> rejected() const { return Read(rejected_); }
  std::vector<std::pair<CancelStage, CancelCause>> cancelled() const { return Read(cancelled_); }
  std::vector<CloseReason> close_reasons() const { return Read(close_reasons_); }
  std::vector<absl::Duration> totals() const { return Read(totals_); }
  Load queued() const { return Read(queued_); }
  Load running() const { return Read(running_); }

 private:
  template <typename T>
  T Read(const T& value) const {
    const absl::MutexLock lock(&mutex_);
    return value;
  }

  mutable absl::Mutex mutex_;
  std::vector<RejectReason> rejected_;
  std::vector<std::pair<CancelStage, CancelCause>> cancelled_;
  std::vector<CloseReason> close_reasons_;
  std::vector<absl::Duration> totals_;
  Load queued_;
  Load running_;
};

// A request with inputs of the given lengths, and what becomes of it.
class TestCall {
 public:
  explicit TestCall(const std::vector<int64_t>& token_counts, int64_t reply_bytes = 0)
      : request_(std::make_shared<Request>()) {
    request_->reply_bytes = reply_bytes;
    for (const int64_t token_count : token_counts) request_->inputs.push_back({.token_count = token_count});
    request_->done = [this](absl::Status status) {
      status_ = std::move(status);
      done_.Notify();
    };
  }

  const std::shared_ptr<Request>& request() { return request_; }
  bool is_done() const { return done_.HasBeenNotified(); }

  // Waits until the request is done.
  const absl::Status& Wait() {
    done_.WaitForNotification();
    return status_;
  }

 private:
  std::shared_ptr<Request> request_;
  absl::Notification done_;
  absl::Status status_;
};

}  // namespace attnd

#endif  // TESTS_SERVER_SCHEDULING_FAKES_H_
