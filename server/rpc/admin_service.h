// attnd.v1.AdminService: what an operator asks of a running server.

#ifndef SERVER_RPC_ADMIN_SERVICE_H_
#define SERVER_RPC_ADMIN_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <string>

#include "absl/status/statusor.h"
#include "attnd/v1/admin.grpc.pb.h"
#include "server/lifecycle/reloader.h"
#include "server/rpc/call_scope.h"

namespace attnd {

// Threads: gRPC's own, any number.
class AdminService final : public v1::AdminService::CallbackService {
 public:
  // `model_root`: the folder below which models may be asked for; empty for none. `reloader` must outlive the service.
  AdminService(const std::string& model_root, Reloader& reloader, const CallEnvironment& environment)
      : model_root_(model_root), reloader_(reloader), environment_(environment) {}

  grpc::ServerUnaryReactor* ReloadModel(grpc::CallbackServerContext* context, const v1::ReloadModelRequest* message,
                                        v1::ReloadModelResponse* reply) override;

 private:
  // The folder to load; empty for that of the command line.
  absl::StatusOr<std::string> FolderOf(const v1::ReloadModelRequest& message) const;

  const std::string model_root_;
  Reloader& reloader_;
  const CallEnvironment environment_;
};

}  // namespace attnd

#endif  // SERVER_RPC_ADMIN_SERVICE_H_
