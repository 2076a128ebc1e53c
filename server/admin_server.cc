#include "server/admin_server.h"

#include <grpcpp/health_check_service_interface.h>

#include <chrono>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/security/reflection.h"

namespace attnd {

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(const AdminOptions& options, Reloader& reloader,
                                                                const CallEnvironment& environment) {
  auto server = std::unique_ptr<AdminServer>(new AdminServer(options, reloader, environment));
  // Health is asked for where calls are sent.
  grpc::EnableDefaultHealthCheckService(false);
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  int port = 0;
  builder.AddListeningPort(options.address, options.credentials, &port);
  SetConnectionLimits(options.connection_limits, builder);
  if (!options.reflection) RemoveReflection(builder);
  builder.RegisterService(&server->service_);
  server->grpc_server_ = builder.BuildAndStart();
  if (!server->grpc_server_ || port == 0) {
    return absl::UnavailableError(absl::StrCat("cannot serve gRPC on --admin_address=", options.address,
                                               ": it is in use or not an address of this machine"));
  }
  server->address_ = options.address;
  if (!absl::StartsWith(options.address, "unix:")) {
    server->address_ = absl::StrCat(options.address.substr(0, options.address.rfind(':')), ":", port);
  }
  return server;
}

AdminServer::~AdminServer() {
  if (grpc_server_) grpc_server_->Shutdown(absl::ToChronoTime(absl::Now()));
}

}  // namespace attnd
