#include "server/rpc/admin_service.h"

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/log/log.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/lifecycle/model_root.h"

namespace attnd {
namespace {

void Encode(const ReloadReport& report, v1::ReloadModelResponse& reply) {
  reply.set_model_version(report.model_version);
  reply.set_weights_sha256(report.weights_sha256);
  reply.set_previous_model_version(report.previous_model_version);
  reply.set_load_seconds(absl::ToDoubleSeconds(report.load));
  reply.set_warm_up_seconds(absl::ToDoubleSeconds(report.warm_up));
}

// A reload's caller, who may leave before it is done. Deletes itself once gRPC is done with it.
// Threads: gRPC's and the reloader's.
class ReloadCall final : public grpc::ServerUnaryReactor {
 public:
  // The arguments must outlive the call.
  ReloadCall(grpc::CallbackServerContext& context, v1::ReloadModelResponse& reply, const CallEnvironment& environment)
      : scope_(RpcMethod::kReloadModel, context, environment), reply_(reply), link_(std::make_shared<Link>(this)) {
    scope_.CountMessageReceived();
  }

  // Begins the reload of what `find_folder` finds, which answers the call, or ends the call.
  void Start(absl::FunctionRef<absl::StatusOr<std::string>()> find_folder, Reloader& reloader) {
    if (!scope_.admission().ok()) return link_->End(scope_.admission(), Stage::kAuthenticate);
    LOG(INFO) << "reload asked for by " << scope_.caller();
    const absl::StatusOr<std::string> folder = find_folder();
    if (!folder.ok()) return link_->End(folder.status(), Stage::kDecode);
    // The reload may take longer than the caller stays.
    const absl::Status started = reloader.Start(
        *folder, [link = link_](const absl::StatusOr<ReloadReport>& report) { link->End(report, Stage::kCompute); });
    if (!started.ok()) link_->End(started, Stage::kQueue);
  }

 private:
  // From a reload to the call that asked for it, for as long as that has not ended.
  class Link {
   public:
    explicit Link(ReloadCall* call) : call_(call) {}

    void End(const absl::StatusOr<ReloadReport>& report, Stage stage) {
      const absl::MutexLock lock(&mutex_);
      if (call_ != nullptr) std::exchange(call_, nullptr)->End(report, stage);
    }

   private:
    absl::Mutex mutex_;
    ReloadCall* call_ ABSL_GUARDED_BY(mutex_);
  };

  void End(const absl::StatusOr<ReloadReport>& report, Stage stage) {
    if (report.ok()) {
      Encode(*report, reply_);
      scope_.CountMessageSent();
    }
    Finish(scope_.End(report.status(), stage, 0));
  }

  void OnCancel() override { link_->End(absl::CancelledError("the caller left; the reload goes on"), Stage::kCompute); }
  void OnDone() override { delete this; }

  CallScope scope_;
  v1::ReloadModelResponse& reply_;
  const std::shared_ptr<Link> link_;
};

}  // namespace

grpc::ServerUnaryReactor* AdminService::ReloadModel(grpc::CallbackServerContext* context,
                                                    const v1::ReloadModelRequest* message,
                                                    v1::ReloadModelResponse* reply) {
  auto* call = new ReloadCall(*context, *reply, environment_);
  call->Start([&] { return FolderOf(*message); }, reloader_);
  return call;
}

absl::StatusOr<std::string> AdminService::FolderOf(const v1::ReloadModelRequest& message) const {
  if (message.model_path().empty()) return std::string();
  return ResolveBelow(model_root_, message.model_path());
}

}  // namespace attnd
