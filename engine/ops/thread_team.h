// The threads that compute. One loop at a time is spread over them; between the loops of a forward pass they spin,
// between forward passes they sleep.

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
  // Its threads stay on `cpus`, unless those are none; so should the one that calls ParallelFor. Throws
  // std::system_error where the system has no thread left.
  explicit ThreadTeam(int thread_count, std::vector<int> cpus = {});
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int thread_count() const { return static_cast<int>(parts_.size()); }

  // While one exists the team's threads wait for the next loop spinning, ready at once. Threads: as ParallelFor.
  class Activity {
   public:
    explicit Activity(ThreadTeam& team) : team_(team) { team_.active_.store(true, std::memory_order_relaxed); }
    ~Activity() { team_.active_.store(false, std::memory_order_relaxed); }
    Activity(const Activity&) = delete;
    Activity& operator=(const Activity&) = delete;

   private:
    ThreadTeam& team_;
  };

  // Calls body(item, worker) once for every item in [0, count), count below 2^32, worker in [0, thread_count()). Each
  // worker takes a part of the range in ascending order, so that what an item brings into the cache may serve the next,
  // and then helps the others with theirs. Returns when all calls have. INTERNAL with its text when a call threw: this
  // is where exceptions of oneDNN and of the allocator end.
  absl::Status ParallelFor(int64_t count, absl::FunctionRef<void(int64_t item, int worker)> body);

 private:
  // The items of one worker's part that nobody has taken: the first in the upper half, the end in the lower. A line of
  // the cache for each, lest workers wait for each other's.
  struct alignas(64) Part {
    std::atomic<uint64_t> untaken = 0;
  };

  void Serve(int worker);
  // Ends the threads there are.
  void Stop();
  // Computes items of the loop at hand until none is left.
  void TakeItems(int worker);
  // The next item of `part`, or -1 when all are taken.
  static int64_t TakeItem(Part& part);
  void Compute(int64_t item, int worker);
  // Returns once `value` is no longer `old`.
  void WaitForChange(const std::atomic<uint32_t>& value, uint32_t old) const;

  const std::vector<int> cpus_;

  // Of the loop at hand. Written while no item is to be had, read by those who have taken one: a thread that has lost
  // its CPU does not hold up a loop, for only those that took an item must come back.
  const absl::FunctionRef<void(int64_t, int)>* body_ = nullptr;
  std::vector<Part> parts_;               // [thread count]
  std::atomic<uint32_t> unfinished_ = 0;  // items
  std::atomic<uint32_t> loops_ = 0;       // begun so far
  std::atomic<bool> active_ = false;
  std::atomic<bool> stopping_ = false;

  absl::Mutex mutex_;
  std::string error_ ABSL_GUARDED_BY(mutex_);

  std::vector<std::thread> threads_;
};

}  // namespace attnd

#endif  // ENGINE_OPS_THREAD_TEAM_H_
