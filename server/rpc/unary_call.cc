#include "server/rpc/unary_call.h"

#include <utility>

#include "server/scheduling/within_memory.h"

namespace attnd {

void UnaryCall::RunWork(const MessageSize& size, TextWorker& worker, absl::AnyInvocable<void()> work) {
  if (!scope_.admission().ok()) return Complete(scope_.admission(), Stage::kAuthenticate);
  const bool waits = size.text_bytes > kShortTextBytes;
  worker.Run(size, [this, waits, work = std::move(work)](const absl::Status& accepted) mutable {
    if (!accepted.ok()) {
      scope_.CountRefusedText(accepted);
      return Complete(accepted, Stage::kDecode);
    }
    if (waits) {
      if (const absl::Status status = scope_.CheckAwaited(); !status.ok()) return Complete(status, Stage::kDecode);
    }
    work();
  });
}

void UnaryCall::Submit(const MessageSize& size, TextWorker& worker, Decode decode, Scheduler& scheduler,
                       Encode encode) {
  RunWork(size, worker, [this, decode = std::move(decode), &scheduler, encode = std::move(encode)]() mutable {
    DecodeAndSubmit(decode, scheduler, std::move(encode));
  });
}

void UnaryCall::DecodeAndSubmit(Decode& decode, Scheduler& scheduler, Encode encode) {
  auto decoded = WithinMemory([&decode] { return decode(); });
  messages_.FreeRequest();
  if (!decoded.ok()) return Complete(decoded.status(), Stage::kDecode);
  const std::shared_ptr<Request> request = *std::move(decoded);
  request->done = [this, encode = std::move(encode)](const absl::Status& computed) mutable {
    const absl::Status status = scope_.Reply(computed, *request_, [&](const Request& done) { encode(done); });
    Complete(status, StageOf(computed, *request_));
  };
  const bool was_cancelled = [&] {
    const absl::MutexLock lock(&mutex_);
    request_ = request;
    accepted_by_ = &scheduler;
    return cancelled_;
  }();
  if (was_cancelled) scheduler.Cancel(*request);
  // From here on `done` may run at any moment, on the batcher's thread, and this be gone.
  if (const absl::Status status = scope_.Submit(request, scheduler); !status.ok()) {
    {
      const absl::MutexLock lock(&mutex_);
      accepted_by_ = nullptr;
    }
    return Refuse(status, *request);
  }
  // For a cancellation that came before the scheduler knew the request.
  if (request->cancelled()) scheduler.Cancel(*request);
}

void UnaryCall::Refuse(const absl::Status& status, Request& request) {
  LetGo(request);
  Complete(status, Stage::kQueue);
}

void UnaryCall::Answer(const MessageSize& size, TextWorker& worker, Answerer answer) {
  RunWork(size, worker, [this, answer = std::move(answer)]() mutable {
    Complete(WithinMemory([&answer] { return answer(); }), Stage::kDecode);
  });
}

absl::Status UnaryCall::HoldReplyBytes(int64_t byte_count, Scheduler& scheduler) {
  if (byte_count > reply_bytes_) {
    if (absl::Status status = scheduler.HoldReplyBytes(byte_count - reply_bytes_); !status.ok()) {
      scope_.CountRefused(CallRefusal::kReplyBytes);
      return status;
    }
  } else {
    scheduler.ReleaseReplyBytes(reply_bytes_ - byte_count);
  }
  reply_bytes_ = byte_count;
  reply_bytes_held_by_ = &scheduler;
  return absl::OkStatus();
}

void UnaryCall::Complete(const absl::Status& status, Stage stage) {
  // The status may take its time to leave.
  messages_.FreeRequest();
  if (status.ok()) scope_.CountMessageSent();
  const grpc::Status ended = scope_.End(status, stage, request_ ? request_->token_count() : 0);
  {
    const absl::MutexLock lock(&mutex_);
    ended_ = true;
  }
  Finish(ended);
}

void UnaryCall::OnCancel() {
  Scheduler* accepted_by = nullptr;
  {
    const absl::MutexLock lock(&mutex_);
    cancelled_ = true;
    if (!ended_) accepted_by = accepted_by_;
  }
  if (accepted_by != nullptr) accepted_by->Cancel(*request_);
}

void UnaryCall::OnDone() {
  {
    const absl::MutexLock lock(&mutex_);
    if (accepted_by_ != nullptr) accepted_by_->ReleaseReply(*request_);
  }
  if (reply_bytes_held_by_ != nullptr) reply_bytes_held_by_->ReleaseReplyBytes(reply_bytes_);
  delete this;
}

}  // namespace attnd
