// How many items of a stream to have in flight.

#ifndef CLIENT_CTL_SEND_WINDOW_H_
#define CLIENT_CTL_SEND_WINDOW_H_

#include <algorithm>
#include <cstddef>

namespace attnd::client {

// Finds what the server has room for: as many as it held when it refused one, and one more each time that a whole
// window has been answered. Threads: none, its owner locks.
class SendWindow {
 public:
  // Begins with `max`, at least 1.
  explicit SendWindow(size_t max) : max_(max), size_(max) {}

  size_t size() const { return size_; }

  void OnAnswered() {
    if (++answered_ < size_) return;
    answered_ = 0;
    size_ = std::min(size_ + 1, max_);
  }

  // `in_flight`: how many are, without the one refused.
  void OnRefused(size_t in_flight) {
    answered_ = 0;
    size_ = std::clamp<size_t>(in_flight, 1, size_);
  }

 private:
  const size_t max_;
  size_t size_;
  size_t answered_ = 0;  // since the size was set
};

}  // namespace attnd::client

#endif  // CLIENT_CTL_SEND_WINDOW_H_
