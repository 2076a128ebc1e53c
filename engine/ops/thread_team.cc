#include "engine/ops/thread_team.h"

#include <immintrin.h>
#include <pthread.h>

#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/ops/cpu.h"
#include "engine/ops/cpu_shares.h"

namespace attnd {
namespace {

// About 1 ms on current CPUs: longer than the last item of a loop lets the others wait, unless its thread has lost its
// CPU.
constexpr int kMaxActiveSpins = 25'000;
// About 1 us.
constexpr int kIdleSpins = 25;

}  // namespace

void ThreadTeam::WaitForChange(const std::atomic<uint32_t>& value, uint32_t old) const {
  for (int spin = 0; spin < kMaxActiveSpins; ++spin) {
    if (value.load(std::memory_order_acquire) != old) return;
    if (spin > kIdleSpins && !active_.load(std::memory_order_relaxed)) break;
    _mm_pause();
  }
  value.wait(old, std::memory_order_acquire);
}

ThreadTeam::ThreadTeam(int thread_count, std::vector<int> cpus)
    : cpus_(std::move(cpus)), parts_(static_cast<size_t>(thread_count)) {
  try {
    for (int worker = 1; worker < thread_count; ++worker) {
      threads_.emplace_back([this, worker] { Serve(worker); });
    }
  } catch (...) {
    Stop();
    throw;
  }
}

ThreadTeam::~ThreadTeam() { Stop(); }

void ThreadTeam::Stop() {
  stopping_ = true;
  loops_.fetch_add(1, std::memory_order_release);
  loops_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

absl::Status ThreadTeam::ParallelFor(int64_t count, absl::FunctionRef<void(int64_t, int)> body) {
  if (count == 0) return absl::OkStatus();
  const ComputeThreadScope compute_thread;
  body_ = &body;
  unfinished_.store(static_cast<uint32_t>(count), std::memory_order_relaxed);
  const auto part_count = static_cast<int64_t>(parts_.size());
  for (int64_t i = 0; i < part_count; ++i) {
    const auto first = static_cast<uint64_t>(count * i / part_count);
    const auto end = static_cast<uint64_t>(count * (i + 1) / part_count);
    parts_[static_cast<size_t>(i)].untaken.store(first << 32 | end, std::memory_order_release);
  }
  loops_.fetch_add(1, std::memory_order_release);
  loops_.notify_all();
  TakeItems(0);
  while (const uint32_t unfinished = unfinished_.load(std::memory_order_acquire))
    WaitForChange(unfinished_, unfinished);
  const absl::MutexLock lock(&mutex_);
  if (error_.empty()) return absl::OkStatus();
  return absl::InternalError(std::exchange(error_, {}));
}

void ThreadTeam::Serve(int worker) {
  pthread_setname_np(pthread_self(), absl::StrCat("attnd-engine-", worker).c_str());
  StayOnCpus(cpus_);
  const ComputeThreadScope compute_thread;
  for (uint32_t seen = 0;;) {
    WaitForChange(loops_, seen);
    seen = loops_.load(std::memory_order_acquire);
    if (stopping_) return;
    TakeItems(worker);
  }
}

void ThreadTeam::TakeItems(int worker) {
  // Its own part, then those of the workers after it.
  uint32_t computed = 0;
  for (size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[(static_cast<size_t>(worker) + i) % parts_.size()];
    for (int64_t item; (item = TakeItem(part)) >= 0; ++computed) Compute(item, worker);
  }
  // Once: told of every item, the workers would wait for each other's cache line at every item.
  if (computed > 0 && unfinished_.fetch_sub(computed, std::memory_order_acq_rel) == computed) unfinished_.notify_one();
}

int64_t ThreadTeam::TakeItem(Part& part) {
  uint64_t untaken = part.untaken.load(std::memory_order_acquire);
  for (;;) {
    const uint64_t first = untaken >> 32;
    if (first == (untaken & 0xFFFFFFFF)) return -1;
    if (part.untaken.compare_exchange_weak(untaken, untaken + (uint64_t{1} << 32), std::memory_order_acquire)) {
      return static_cast<int64_t>(first);
    }
  }
}

void ThreadTeam::Compute(int64_t item, int worker) {
  try {
    (*body_)(item, worker);
  } catch (const std::exception& exception) {
    const absl::MutexLock lock(&mutex_);
    error_ = exception.what();
  }
}

}  // namespace attnd
