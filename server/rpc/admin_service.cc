#include "server/rpc/admin_service.h"

#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/log/log.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/lifecycle/model_root.h"
#include "server/rpc/status.h"

namespace attnd {
namespace {

// A reload's caller, who may leave before it is done. Deletes itself once gRPC is done with it.
class ReloadCall final : public grpc::ServerUnaryReactor {
 public:
  explicit ReloadCall(v1::ReloadModelResponse& reply) : ending_(std::make_shared<Ending>(*this, reply)) {}

  // Ends the call, unless its caller has left. What ends it may be kept for longer than the call lives.
  std::function<void(const absl::StatusOr<ReloadReport>&)> ending() const {
    return [ending = ending_](const absl::StatusOr<ReloadReport>& report) { ending->End(report); };
  }

 private:
  // What the call and the reload share.
  class Ending {
   public:
    Ending(ReloadCall& call, v1::ReloadModelResponse& reply) : call_(&call), reply_(reply) {}

    void End(const absl::StatusOr<ReloadReport>& report) {
      const absl::MutexLock lock(&mutex_);
      if (call_ == nullptr) return;
      if (report.ok()) Encode(*report, reply_);
      std::exchange(call_, nullptr)->Finish(ToGrpcStatus(EncodeStatus(report.status(), "")));
    }

   private:
    static void Encode(const ReloadReport& report, v1::ReloadModelResponse& reply) {
      reply.set_model_version(report.model_version);
      reply.set_weights_sha256(report.weights_sha256);
      reply.set_previous_model_version(report.previous_model_version);
      reply.set_load_seconds(absl::ToDoubleSeconds(report.load));
      reply.set_warm_up_seconds(absl::ToDoubleSeconds(report.warm_up));
    }

    absl::Mutex mutex_;
    ReloadCall* call_ ABSL_GUARDED_BY(mutex_);
    v1::ReloadModelResponse& reply_;
  };

  void OnCancel() override { ending_->End(absl::CancelledError("the caller left; the reload goes on")); }
  void OnDone() override { delete this; }

  const std::shared_ptr<Ending> ending_;
};

}  // namespace

grpc::ServerUnaryReactor* AdminService::ReloadModel(grpc::CallbackServerContext* context,
                                                    const v1::ReloadModelRequest* message,
                                                    v1::ReloadModelResponse* reply) {
  LOG(INFO) << "reload asked for by " << context->peer();
  auto* call = new ReloadCall(*reply);
  const auto end = call->ending();
  std::string folder;
  if (!message->model_path().empty()) {
    absl::StatusOr<std::string> resolved = ResolveBelow(model_root_, message->model_path());
    if (!resolved.ok()) {
      end(resolved.status());
      return call;
    }
    folder = *std::move(resolved);
  }
  if (absl::Status status = reloader_.Start(folder, end); !status.ok()) end(status);
  return call;
}

}  // namespace attnd
