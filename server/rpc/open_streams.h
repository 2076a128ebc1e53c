// The streams that are open, so that a server which drains can end them.

#ifndef SERVER_RPC_OPEN_STREAMS_H_
#define SERVER_RPC_OPEN_STREAMS_H_

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"

namespace attnd {

// A stream, as seen from here.
class Drainable {
 public:
  virtual ~Drainable() = default;
  // Reads nothing more, answers what it has accepted, then ends with UNAVAILABLE. Must not block.
  virtual void Drain() = 0;
};

// Threads: any.
class OpenStreams {
 public:
  // `stream` is drained with the rest, at once when they already are.
  void Add(const std::shared_ptr<Drainable>& stream);
  void Remove(const Drainable* stream);

  // Drains those that are open and those still to come: each ends when it is answered what the scheduler has accepted.
  // Call after Scheduler::Close.
  void Drain();

 private:
  absl::Mutex mutex_;
  absl::flat_hash_map<const Drainable*, std::weak_ptr<Drainable>> streams_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace attnd

#endif  // SERVER_RPC_OPEN_STREAMS_H_
