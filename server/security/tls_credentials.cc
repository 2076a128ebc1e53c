#include "server/security/tls_credentials.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#include <string>
#include <utility>

namespace attnd {

absl::StatusOr<std::shared_ptr<TlsCredentials>> TlsCredentials::Create(const TlsFiles& files) {
  absl::StatusOr<TlsMaterial> material = ReadTlsFiles(files);
  if (!material.ok()) return material.status();
  return std::shared_ptr<TlsCredentials>(new TlsCredentials(files, *std::move(material)));
}

TlsCredentials::TlsCredentials(const TlsFiles& files, TlsMaterial material)
    : files_(files), material_(std::move(material)) {
  const auto client_certificates = files_.client_ca.empty()
                                       ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                       : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  core_ = grpc_ssl_server_credentials_create_with_options(
      grpc_ssl_server_credentials_create_options_using_config_fetcher(client_certificates, Fetch, this));
}

TlsCredentials::~TlsCredentials() { grpc_server_credentials_release(core_); }

absl::Status TlsCredentials::Reload() {
  absl::StatusOr<TlsMaterial> material = ReadTlsFiles(files_);
  if (!material.ok()) return material.status();
  const absl::MutexLock lock(&mutex_);
  if (*material == material_) return absl::OkStatus();
  material_ = *std::move(material);
  fetched_ = false;
  return absl::OkStatus();
}

absl::Time TlsCredentials::expiry() const {
  const absl::MutexLock lock(&mutex_);
  return material_.expiry;
}

int TlsCredentials::AddPortToServer(const std::string& address, grpc_server* server) {
  return grpc_server_add_http2_port(server, address.c_str(), core_);
}

void TlsCredentials::SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>& /*processor*/) {}

grpc_ssl_certificate_config_reload_status TlsCredentials::Fetch(void* credentials,
                                                                grpc_ssl_server_certificate_config** config) {
  auto& self = *static_cast<TlsCredentials*>(credentials);
  const absl::MutexLock lock(&self.mutex_);
  if (self.fetched_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  const TlsMaterial& material = self.material_;
  const grpc_ssl_pem_key_cert_pair pair = {.private_key = material.key.c_str(),
                                           .cert_chain = material.certificate.c_str()};
  // gRPC insists on roots even where it asks no client for a certificate.
  const std::string& roots = material.client_ca.empty() ? material.certificate : material.client_ca;
  *config = grpc_ssl_server_certificate_config_create(roots.c_str(), &pair, 1);
  self.fetched_ = true;
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

}  // namespace attnd
