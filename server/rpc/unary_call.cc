#include "server/rpc/unary_call.h"

#include <utility>

#include "server/rpc/within_memory.h"

namespace attnd {

void UnaryCall::Submit(Decode decode, Scheduler& scheduler, Encode encode) {
  if (!scope_.admission().ok()) return Complete(scope_.admission(), Stage::kAuthenticate);
  auto request = WithinMemory(decode);
  if (!request.ok()) return Complete(request.status(), Stage::kDecode);
  request_ = *std::move(request);
  request_->done = [this, encode = std::move(encode)](const absl::Status& computed) mutable {
    const absl::Status status = scope_.Reply(computed, *request_, [&](const Request& done) { encode(done); });
    Complete(status, StageOf(computed, *request_));
  };
  accepted_by_ = &scheduler;
  // From here on `done` may run at any moment, on the batcher's thread.
  if (absl::Status status = scope_.Submit(request_, scheduler); !status.ok()) {
    accepted_by_ = nullptr;
    Complete(status, Stage::kQueue);
  }
}

void UnaryCall::Answer(absl::FunctionRef<absl::Status()> answer) {
  if (!scope_.admission().ok()) return Complete(scope_.admission(), Stage::kAuthenticate);
  Complete(answer(), Stage::kDecode);
}

void UnaryCall::Complete(const absl::Status& status, Stage stage) {
  if (status.ok()) scope_.CountMessageSent();
  Finish(scope_.End(status, stage, request_ ? request_->token_count() : 0));
}

void UnaryCall::OnCancel() {
  if (accepted_by_ != nullptr) accepted_by_->Cancel(*request_);
}

void UnaryCall::OnDone() {
  if (accepted_by_ != nullptr) accepted_by_->ReleaseReply(*request_);
  delete this;
}

}  // namespace attnd
