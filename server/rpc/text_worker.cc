#include "server/rpc/text_worker.h"

#include <pthread.h>

#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "server/scheduling/retry_hint.h"

namespace attnd {
namespace {

// What the slowest text takes, as docs/performance.md has it.
constexpr double kBytesPerSecond = 1e7;

}  // namespace

TextWorker::TextWorker(int64_t max_waiting_bytes) : max_waiting_bytes_(max_waiting_bytes), thread_([this] { Loop(); }) {
  pthread_setname_np(thread_.native_handle(), "attnd-text");
}

TextWorker::~TextWorker() {
  {
    const absl::MutexLock lock(&mutex_);
    ends_ = true;
  }
  thread_.join();
}

absl::Status TextWorker::Run(const MessageSize& size, absl::AnyInvocable<void()> work) {
  if (size.text_bytes <= kShortTextBytes) {
    work();
    return absl::OkStatus();
  }
  const absl::MutexLock lock(&mutex_);
  if (!waiting_.empty() && waiting_bytes_ + size.held_bytes > max_waiting_bytes_) {
    absl::Status status = absl::ResourceExhaustedError(
        absl::StrFormat("messages of %d bytes wait for their text to become tokens; with this call's %d they would "
                        "exceed %d",
                        waiting_bytes_, size.held_bytes, max_waiting_bytes_));
    SetRetryDelay(absl::Seconds(static_cast<double>(waiting_text_bytes_) / kBytesPerSecond), status);
    return status;
  }
  waiting_text_bytes_ += size.text_bytes;
  waiting_bytes_ += size.held_bytes;
  waiting_.push_back({.size = size, .run = std::move(work)});
  return absl::OkStatus();
}

void TextWorker::Loop() {
  while (true) {
    Work work;
    {
      const absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &TextWorker::HasWorkOrEnds));
      if (waiting_.empty()) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
      waiting_text_bytes_ -= work.size.text_bytes;
      waiting_bytes_ -= work.size.held_bytes;
    }
    work.run();
  }
}

}  // namespace attnd
