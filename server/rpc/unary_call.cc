#include "server/rpc/unary_call.h"

#include <utility>

#include "server/rpc/within_memory.h"

namespace attnd {

void UnaryCall::Submit(Decode decode, Scheduler& scheduler, Encode encode) {
  auto request = WithinMemory(decode);
  if (!request.ok()) return Complete(request.status());
  request_ = *std::move(request);
  request_->caller = scope_.caller();
  request_->deadline = scope_.deadline();
  request_->done = [this, encode = std::move(encode)](const absl::Status& computed) mutable {
    const absl::Status status = scope_.Reply(computed, *request_, [&](const Request& done) { encode(done); });
    Complete(status, StageOf(computed, *request_));
  };
  accepted_by_ = &scheduler;
  // From here on `done` may run at any moment, on the batcher's thread.
  if (absl::Status status = scheduler.Submit(request_); !status.ok()) {
    accepted_by_ = nullptr;
    Complete(status, Stage::kQueue);
  }
}

void UnaryCall::OnCancel() {
  if (accepted_by_ != nullptr) accepted_by_->Cancel(*request_);
}

void UnaryCall::OnDone() {
  if (accepted_by_ != nullptr) accepted_by_->ReleaseReply(*request_);
  delete this;
}

}  // namespace attnd
