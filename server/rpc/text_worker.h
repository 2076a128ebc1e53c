// Keeps long texts off gRPC's threads.

#ifndef SERVER_RPC_TEXT_WORKER_H_
#define SERVER_RPC_TEXT_WORKER_H_

#include <cstdint>
#include <deque>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace attnd {

// Text up to this length is dealt with by the thread that read it. It takes 0.4 ms of English, and 1.1 ms of the worst
// text that docs/performance.md has: less than a forward pass of a few tokens.
inline constexpr int64_t kShortTextBytes = 16 << 10;

// What there is to do for a message, and to hold until that is done.
struct MessageSize {
  int64_t text_bytes = 0;
  int64_t held_bytes = 0;
};

// Of a message with `text_bytes` of text; what it holds is counted only where it may have to wait.
template <typename Message>
MessageSize SizeOfMessage(const Message& message, int64_t text_bytes) {
  const bool waits = text_bytes > kShortTextBytes;
  return {.text_bytes = text_bytes, .held_bytes = waits ? static_cast<int64_t>(message.SpaceUsedLong()) : 0};
}

// Threads: any. Owns: a thread, which does one piece of work after the other, in their order.
class TextWorker {
 public:
  // `max_waiting_bytes`: held by work that waits. One of any size may wait where no other does.
  explicit TextWorker(int64_t max_waiting_bytes);
  // Does what waits, unless it was closed.
  ~TextWorker();
  TextWorker(const TextWorker&) = delete;
  TextWorker& operator=(const TextWorker&) = delete;

  // Deals with a message of a size, given OK; else says why not.
  using Work = absl::AnyInvocable<void(const absl::Status&)>;

  // Calls `work`, once: at once if its text is short or it is refused, else soon, on the worker's thread. It is refused
  // with RESOURCE_EXHAUSTED when too much waits, and with UNAVAILABLE, unless its text is short, when Close comes
  // first.
  void Run(const MessageSize& size, Work work);

  // Refuses what waits and what is still to come. Returns once that is done and no text is dealt with.
  void Close();

 private:
  struct Waiting {
    MessageSize size;
    Work work;
  };

  // Puts `work` where it waits, or says why it may not.
  absl::Status Enqueue(const MessageSize& size, Work& work);
  bool HasWorkOrEnds() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return ends_ || !waiting_.empty(); }
  bool IsIdle() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !working_ && waiting_.empty(); }
  void Loop();

  const int64_t max_waiting_bytes_;
  absl::Mutex mutex_;
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  int64_t waiting_text_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool working_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool ends_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace attnd

#endif  // SERVER_RPC_TEXT_WORKER_H_
