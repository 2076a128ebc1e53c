// gRPC's server credentials from files that may change while the server runs.
//
// gRPC 1.51's own watcher of certificate files drops the pair in use before it has tried the new one, so a replacement
// that does not fit leaves a server that no client can reach. Here a new connection gets the last pair that was whole.

#ifndef SERVER_SECURITY_TLS_CREDENTIALS_H_
#define SERVER_SECURITY_TLS_CREDENTIALS_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/security/tls_files.h"

namespace attnd {

// Threads: any.
class TlsCredentials final : public grpc::ServerCredentials {
 public:
  // Reads the files. Errors: those of ReadTlsFiles.
  static absl::StatusOr<std::shared_ptr<TlsCredentials>> Create(const TlsFiles& files);
  ~TlsCredentials() override;

  // Reads the files again; connections made from now on use them. An error leaves everything as it was.
  absl::Status Reload();

  // When the certificate in use expires.
  absl::Time expiry() const;

 private:
  TlsCredentials(const TlsFiles& files, TlsMaterial material);

  int AddPortToServer(const std::string& address, grpc_server* server) override;
  // Of calls, by gRPC; there are none.
  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>& processor) override;
  // gRPC asks before every handshake; `credentials` are these.
  static grpc_ssl_certificate_config_reload_status Fetch(void* credentials,
                                                         grpc_ssl_server_certificate_config** config);

  const TlsFiles files_;
  mutable absl::Mutex mutex_;
  TlsMaterial material_ ABSL_GUARDED_BY(mutex_);
  bool fetched_ ABSL_GUARDED_BY(mutex_) = false;  // whether gRPC has what is in material_
  grpc_server_credentials* core_ = nullptr;
};

}  // namespace attnd

#endif  // SERVER_SECURITY_TLS_CREDENTIALS_H_
