// The gRPC server of AdminService, on an address of its own.

#ifndef SERVER_ADMIN_SERVER_H_
#define SERVER_ADMIN_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/lifecycle/reloader.h"
#include "server/rpc/admin_service.h"
#include "server/rpc/call_scope.h"
#include "server/security/connection_limits.h"

namespace attnd {

struct AdminOptions {
  std::string address;     // "host:port", or "unix:PATH"
  std::string model_root;  // AdminService
  std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
  ConnectionLimits connection_limits;
  bool reflection = true;
};

// Threads: any. Owns: gRPC's threads.
class AdminServer {
 public:
  // Serves at once. UNAVAILABLE when the address cannot be bound. `reloader` must outlive the server.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(const AdminOptions& options, Reloader& reloader,
                                                            const CallEnvironment& environment);
  // Ends the calls under way.
  ~AdminServer();

  // "host:port" with the port bound, or "unix:PATH".
  const std::string& address() const { return address_; }

 private:
  AdminServer(const AdminOptions& options, Reloader& reloader, const CallEnvironment& environment)
      : service_(options.model_root, reloader, environment) {}

  AdminService service_;
  std::unique_ptr<grpc::Server> grpc_server_;
  std::string address_;
};

}  // namespace attnd

#endif  // SERVER_ADMIN_SERVER_H_
