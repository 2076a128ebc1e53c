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

absl::Status Closed() {
  return absl::UnavailableError("this server is draining and deals with no more texts; call another one");
}

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

void TextWorker::Run(const MessageSize& size, Work work) {
  if (size.text_bytes <= kShortTextBytes) return work(absl::OkStatus());
  if (const absl::Status status = Enqueue(size, work); !status.ok()) work(status);
}

absl::Status TextWorker::Enqueue(const MessageSize& size, Work& work) {
  const absl::MutexLock lock(&mutex_);
  if (closed_) return Closed();
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
  waiting_.push_back({.size = size, .work = std::move(work)});
  return absl::OkStatus();
}

void TextWorker::Close() {
  const absl::MutexLock lock(&mutex_);
  closed_ = true;
  mutex_.Await(absl::Condition(this, &TextWorker::IsIdle));
}

void TextWorker::Loop() {
  while (true) {
    Waiting next;
    bool closed = false;
    {
      const absl::MutexLock lock(&mutex_);
      working_ = false;
      mutex_.Await(absl::Condition(this, &TextWorker::HasWorkOrEnds));
      if (waiting_.empty()) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
      waiting_text_bytes_ -= next.size.text_bytes;
      waiting_bytes_ -= next.size.held_bytes;
      working_ = true;
      closed = closed_;
    }
    next.work(closed ? Closed() : absl::OkStatus());
  }
}

}  // namespace attnd
