#include "server/access_control.h"

#include <utility>

#include "absl/log/log.h"
#include "absl/time/time.h"

namespace attnd {

absl::StatusOr<std::unique_ptr<AccessControl>> AccessControl::Create(const SecurityFlags& flags, bool has_admin_port,
                                                                     const Clock& clock, Metrics& metrics) {
  auto access = std::unique_ptr<AccessControl>(new AccessControl(metrics));
  if (absl::Status status = access->ReadFiles(flags, has_admin_port, clock); !status.ok()) return status;
  if (access->tls_ || access->authenticator_) {
    access->reread_.emplace("attnd-reread", flags.reread_interval, [raw = access.get()] { raw->Reread(); });
  }
  return access;
}

std::shared_ptr<grpc::ServerCredentials> AccessControl::OrInsecure(const std::shared_ptr<TlsCredentials>& tls) {
  if (tls) return tls;
  return grpc::InsecureServerCredentials();
}

absl::Status AccessControl::ReadFiles(const SecurityFlags& flags, bool has_admin_port, const Clock& clock) {
  const auto read_certificates = [&](std::shared_ptr<TlsCredentials>& credentials) {
    auto created = TlsCredentials::Create(flags.tls);
    if (!created.ok()) return created.status();
    credentials = *std::move(created);
    return absl::OkStatus();
  };
  if (!flags.tls.certificate.empty()) {
    if (absl::Status status = read_certificates(tls_); !status.ok()) return status;
    metrics_.SetCertificateExpiry(tls_->expiry());
    if (has_admin_port) {
      if (absl::Status status = read_certificates(admin_tls_); !status.ok()) return status;
    }
  }
  if (!flags.api_keys.empty()) {
    auto created = Authenticator::Create(flags.api_keys, clock);
    if (!created.ok()) return created.status();
    authenticator_ = *std::move(created);
    LOG(INFO) << "API keys: " << authenticator_->key_count();
  }
  return absl::OkStatus();
}

void AccessControl::Reread() {
  if (tls_) RereadCertificates(*tls_);
  if (admin_tls_) RereadCertificates(*admin_tls_);
  if (authenticator_) RereadApiKeys();
}

void AccessControl::RereadCertificates(TlsCredentials& credentials) {
  const absl::Time expiry = credentials.expiry();
  if (absl::Status status = credentials.Reload(); !status.ok()) {
    LOG(WARNING) << "the certificate in use stays, because " << status.message();
  } else if (credentials.expiry() != expiry) {
    LOG(INFO) << "new certificate, expires " << credentials.expiry();
    metrics_.SetCertificateExpiry(credentials.expiry());
  }
}

void AccessControl::RereadApiKeys() {
  const absl::StatusOr<bool> changed = authenticator_->Reload();
  if (!changed.ok()) {
    LOG(WARNING) << "the API keys in use stay, because " << changed.status().message();
  } else if (*changed) {
    LOG(INFO) << "new API keys: " << authenticator_->key_count();
  }
}

}  // namespace attnd
