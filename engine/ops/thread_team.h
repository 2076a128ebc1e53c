// The threads that compute. One loop at a time is spread over them; between the loops of a forward pass they spin for
// some microseconds, between forward passes they sleep.

#ifndef ENGINE_OPS_THREAD_TEAM_H_
#define ENGINE_OPS_THREAD_TEAM_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace attnd {

// Threads: ParallelFor by one thread at a time, which works along as worker 0. Owns: `thread_count` - 1 threads, named
// attnd-engine-1 and up, each set up as by ComputeThreadScope.
class ThreadTeam {
 public:
  explicit ThreadTeam(int thread_count);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int thread_count() const { return static_cast<int>(threads_.size()) + 1; }

  // Calls body(item, worker) once for every item in [0, count), worker in [0, thread_count()), items in ascending order
  // as workers become free. Returns when all calls have. INTERNAL with its text when a call threw: this is where
  // exceptions of oneDNN and of the allocator end.
  absl::Status ParallelFor(int64_t count, absl::FunctionRef<void(int64_t item, int worker)> body);

 private:
  void Serve(int worker);
  void TakeItems(int worker);

  // The loop at hand; written before generation_ grows, read after.
  const absl::FunctionRef<void(int64_t, int)>* body_ = nullptr;
  int64_t item_count_ = 0;
  std::atomic<int64_t> next_item_ = 0;

  std::atomic<uint32_t> generation_ = 0;    // grows by one a loop
  std::atomic<uint32_t> busy_threads_ = 0;  // of threads_, in the loop at hand
  std::atomic<bool> stopping_ = false;

  absl::Mutex mutex_;
  std::string error_ ABSL_GUARDED_BY(mutex_);

  std::vector<std::thread> threads_;
};

}  // namespace attnd

#endif  // ENGINE_OPS_THREAD_TEAM_H_
