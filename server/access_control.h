// Who is let in: certificates and API keys, and the thread that reads their files again.

#ifndef SERVER_ACCESS_CONTROL_H_
#define SERVER_ACCESS_CONTROL_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/periodic_task.h"
#include "server/scheduling/clock.h"
#include "server/security/authenticator.h"
#include "server/security/tls_credentials.h"
#include "server/security_flags.h"
#include "server/telemetry/metrics.h"

namespace attnd {

// Files that change count from their next reading on; the log says so, and why where one cannot be used.
// Threads: any. Owns: a thread, attnd-reread, where there are files.
class AccessControl {
 public:
  // `has_admin_port`: AdminService has one that is no Unix socket. INVALID_ARGUMENT names the file that cannot be used.
  // `clock` and `metrics` must outlive it.
  static absl::StatusOr<std::unique_ptr<AccessControl>> Create(const SecurityFlags& flags, bool has_admin_port,
                                                               const Clock& clock, Metrics& metrics);

  // Of the port that serves calls, and of AdminService's, in plaintext where that has none.
  std::shared_ptr<grpc::ServerCredentials> credentials() const { return OrInsecure(tls_); }
  std::shared_ptr<grpc::ServerCredentials> admin_credentials() const { return OrInsecure(admin_tls_); }

  // Null where anybody may call.
  const Authenticator* authenticator() const { return authenticator_.get(); }

 private:
  explicit AccessControl(Metrics& metrics) : metrics_(metrics) {}

  static std::shared_ptr<grpc::ServerCredentials> OrInsecure(const std::shared_ptr<TlsCredentials>& tls);

  absl::Status ReadFiles(const SecurityFlags& flags, bool has_admin_port, const Clock& clock);
  void Reread();
  void RereadCertificates(TlsCredentials& credentials);
  void RereadApiKeys();

  Metrics& metrics_;
  // One a port: gRPC is told of a new pair once.
  std::shared_ptr<TlsCredentials> tls_;
  std::shared_ptr<TlsCredentials> admin_tls_;
  std::unique_ptr<Authenticator> authenticator_;
  std::optional<PeriodicTask> reread_;
};

}  // namespace attnd

#endif  // SERVER_ACCESS_CONTROL_H_
