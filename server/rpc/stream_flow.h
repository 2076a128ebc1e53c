// What one stream holds, and what it is to do next.

#ifndef SERVER_RPC_STREAM_FLOW_H_
#define SERVER_RPC_STREAM_FLOW_H_

#include <cstdint>

namespace attnd {

struct StreamLimits {
  int64_t max_items = 256;
  int64_t max_reply_bytes = int64_t{64} << 20;
};

// An item is held from the moment it is read until its reply has been written. Reading stops while as many are held, or
// replies of as many bytes, as the limits allow; the last item read may exceed the bytes.
// Threads: none, its owner locks.
class StreamFlow {
 public:
  explicit StreamFlow(const StreamLimits& limits) : limits_(limits) {}

  // An item was read.
  void Hold() { ++items_; }
  // What its reply will take is known.
  void AddReplyBytes(int64_t byte_count) { reply_bytes_ += byte_count; }
  // Its reply has been written, or never will be.
  void Release(int64_t byte_count) {
    --items_;
    reply_bytes_ -= byte_count;
  }

  // No item will come any more.
  void EndReads() { reads_ended_ = true; }
  // No item shall be read any more; the stream ends once it holds nothing.
  void Drain() { draining_ = true; }

  // Each says whether to start, and takes note that it has been started.
  bool StartRead() {
    const bool full = items_ >= limits_.max_items || reply_bytes_ >= limits_.max_reply_bytes;
    if (full || reading_ || reads_ended_ || draining_ || finished_) return false;
    return reading_ = true;
  }
  bool StartWrite() {
    if (writing_ || finished_) return false;
    return writing_ = true;
  }
  bool StartFinish() {
    if (finished_ || items_ > 0 || writing_ || !(reads_ended_ || draining_)) return false;
    return finished_ = true;
  }

  // What was started is done.
  void FinishRead() { reading_ = false; }
  void FinishWrite() { writing_ = false; }

  bool writing() const { return writing_; }
  bool reads_ended() const { return reads_ended_; }
  bool finished() const { return finished_; }

 private:
  const StreamLimits limits_;
  int64_t items_ = 0;
  int64_t reply_bytes_ = 0;
  bool reading_ = false;
  bool writing_ = false;
  bool reads_ended_ = false;
  bool draining_ = false;
  bool finished_ = false;
};

}  // namespace attnd

#endif  // SERVER_RPC_STREAM_FLOW_H_
