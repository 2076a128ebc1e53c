// A clock that stands still and an engine that computes nothing, so that scheduling can be tested step by step.

#ifndef TESTS_SERVER_SCHEDULING_FAKES_H_
#define TESTS_SERVER_SCHEDULING_FAKES_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <utility>
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

// Advance wakes whoever waits for the time it reaches.
class FakeClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::UnixEpoch() + absl::Hours(1) + absl::Nanoseconds(elapsed_ns_.load()); }

  bool AwaitWithDeadline(absl::Mutex& mutex, const absl::Condition& condition, absl::Time deadline) const override
      ABSL_SHARED_LOCKS_REQUIRED(mutex) {
    SetWaiting(mutex, 1);
    const auto is_over = [&] { return condition.Eval() || Now() >= deadline; };
    mutex.Await(absl::Condition(&is_over));
    SetWaiting(mutex, -1);
    return condition.Eval();
  }

  void Advance(absl::Duration duration) {
    elapsed_ns_ += absl::ToInt64Nanoseconds(duration);
    std::map<absl::Mutex*, int> waiting;
    {
      const absl::MutexLock lock(&mutex_);
      waiting = waiting_;
    }
    // Abseil asks for conditions again whenever a mutex is released.
    for (const auto& [mutex, count] : waiting) {
      const absl::MutexLock lock(mutex);
    }
  }

 private:
  void SetWaiting(absl::Mutex& mutex, int change) const {
    const absl::MutexLock lock(&mutex_);
    if ((waiting_[&mutex] += change) == 0) waiting_.erase(&mutex);
  }

  std::atomic<int64_t> elapsed_ns_ = 0;
  mutable absl::Mutex mutex_;
  mutable std::map<absl::Mutex*, int> waiting_ ABSL_GUARDED_BY(mutex_);  // threads in AwaitWithDeadline
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
    if (is_abandoned()) {
      ++abandoned_;
      return absl::CancelledError("abandoned");
    }
    clock_.Advance(duration_);
    if (out_of_memory_) throw std::bad_alloc();
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

  // As where an allocation fails.
  void RunOutOfMemory() {
    const absl::MutexLock lock(&mutex_);
    out_of_memory_ = true;
  }

  // Batches that were not computed to their end.
  int abandoned() const {
    const absl::MutexLock lock(&mutex_);
    return abandoned_;
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
  mutable absl::Mutex mutex_;
  std::vector<std::vector<int64_t>> batches_ ABSL_GUARDED_BY(mutex_);
  int abandoned_ ABSL_GUARDED_BY(mutex_) = 0;
  int permits_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status result_ ABSL_GUARDED_BY(mutex_);
  bool out_of_memory_ ABSL_GUARDED_BY(mutex_) = false;
};

// Remembers what it is told.
class RecordingEvents final : public SchedulerEvents {
 public:
  void OnRejected(Method, RejectReason reason) override {
    const absl::MutexLock lock(&mutex_);
    rejected_.push_back(reason);
  }
  void OnLoadChanged(const SchedulerLoad& load) override {
    const absl::MutexLock lock(&mutex_);
    load_ = load;
  }
  void OnCancelled(Method, CancelStage stage, CancelCause cause, int64_t wasted_tokens) override {
    const absl::MutexLock lock(&mutex_);
    cancelled_.emplace_back(stage, cause);
    wasted_tokens_ += wasted_tokens;
  }
  void OnBatchStarted(const BatchReport& batch) override {
    const absl::MutexLock lock(&mutex_);
    close_reasons_.push_back(batch.close_reason);
  }
  void OnBatchComputed(int worker, absl::Duration duration) override {
    const absl::MutexLock lock(&mutex_);
    busy_[worker] += duration;
  }
  void OnCompleted(const Request&, absl::Duration total) override {
    const absl::MutexLock lock(&mutex_);
    totals_.push_back(total);
  }

  std::vector<RejectReason> rejected() const { return Read(rejected_); }
  std::vector<std::pair<CancelStage, CancelCause>> cancelled() const { return Read(cancelled_); }
  std::vector<CloseReason> close_reasons() const { return Read(close_reasons_); }
  std::vector<absl::Duration> totals() const { return Read(totals_); }
  int64_t wasted_tokens() const { return Read(wasted_tokens_); }
  std::map<int, absl::Duration> busy() const { return Read(busy_); }
  SchedulerLoad load() const { return Read(load_); }
  Load queued(Priority priority = Priority::kNormal) const { return load().queued[static_cast<size_t>(priority)]; }
  Load running(Priority priority = Priority::kNormal) const { return load().running[static_cast<size_t>(priority)]; }

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
  SchedulerLoad load_;
  int64_t wasted_tokens_ = 0;
  std::map<int, absl::Duration> busy_;
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
      done_.Notify();  // crashes when notified twice
    };
  }

  TestCall& Of(std::string caller) {
    request_->caller = std::move(caller);
    return *this;
  }
  TestCall& At(Priority priority) {
    request_->priority = priority;
    return *this;
  }
  TestCall& By(absl::Time deadline) {
    request_->deadline = deadline;
    return *this;
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
