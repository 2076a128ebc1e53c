#include "engine/ops/thread_team.h"

#include <immintrin.h>
#include <pthread.h>

#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/ops/cpu.h"

namespace attnd {
namespace {

// About 40 us on current CPUs: longer than the gap between two loops of a forward pass, shorter than anyone notices.
constexpr int kSpins = 1000;

// Returns once `value` is no longer `old`.
void WaitForChange(const std::atomic<uint32_t>& value, uint32_t old) {
  for (int spin = 0; spin < kSpins; ++spin) {
    if (value.load(std::memory_order_acquire) != old) return;
    _mm_pause();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadTeam::ThreadTeam(int thread_count) {
  for (int worker = 1; worker < thread_count; ++worker) {
    threads_.emplace_back([this, worker] { Serve(worker); });
  }
}

ThreadTeam::~ThreadTeam() {
  stopping_ = true;
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

absl::Status ThreadTeam::ParallelFor(int64_t count, absl::FunctionRef<void(int64_t, int)> body) {
  const ComputeThreadScope compute_thread;
  body_ = &body;
  item_count_ = count;
  next_item_.store(0, std::memory_order_relaxed);
  busy_threads_.store(static_cast<uint32_t>(threads_.size()), std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  TakeItems(0);
  while (const uint32_t busy = busy_threads_.load(std::memory_order_acquire)) WaitForChange(busy_threads_, busy);
  const absl::MutexLock lock(&mutex_);
  if (error_.empty()) return absl::OkStatus();
  return absl::InternalError(std::exchange(error_, {}));
}

void ThreadTeam::Serve(int worker) {
  pthread_setname_np(pthread_self(), absl::StrCat("attnd-engine-", worker).c_str());
  const ComputeThreadScope compute_thread;
  for (uint32_t seen = 0;;) {
    WaitForChange(generation_, seen);
    ++seen;
    if (stopping_) return;
    TakeItems(worker);
    if (busy_threads_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_threads_.notify_one();
  }
}

void ThreadTeam::TakeItems(int worker) {
  try {
    for (;;) {
      const int64_t item = next_item_.fetch_add(1, std::memory_order_relaxed);
      if (item >= item_count_) return;
      (*body_)(item, worker);
    }
  } catch (const std::exception& exception) {
    const absl::MutexLock lock(&mutex_);
    error_ = exception.what();
  }
}

}  // namespace attnd
