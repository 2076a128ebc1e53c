#include "server/security/tls_files.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstddef>
#include <ctime>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/security/small_file.h"

namespace attnd {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Bio = std::unique_ptr<BIO, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;

absl::Status Wrong(absl::string_view flag, const std::string& path, absl::string_view what) {
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat("--", flag, "=", path, ": ", what));
}

absl::StatusOr<std::string> ReadFile(absl::string_view flag, const std::string& path) {
  absl::StatusOr<std::string> bytes = ReadSmallFile(path);
  if (!bytes.ok()) return Wrong(flag, path, bytes.status().message());
  return bytes;
}

// Without it OpenSSL would ask at the terminal for the passphrase of an encrypted key.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

Bio Open(const std::string& pem) { return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

// Every certificate in `pem`; nothing when one cannot be parsed or there is none.
std::vector<Certificate> ParseCertificates(const std::string& pem) {
  const Bio bio = Open(pem);
  std::vector<Certificate> certificates;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)) {
    certificates.emplace_back(certificate);
  }
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) certificates.clear();
  ERR_clear_error();
  return certificates;
}

// Why OpenSSL, as it is set up on this machine, does not serve with these, such as a key too short; empty: it does.
std::string ObjectionTo(const std::vector<Certificate>& chain, EVP_PKEY& key) {
  const std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_server_method()));
  bool accepted = context && SSL_CTX_use_certificate(context.get(), chain.front().get()) == 1 &&
                  SSL_CTX_use_PrivateKey(context.get(), &key) == 1;
  for (size_t i = 1; accepted && i < chain.size(); ++i) {
    accepted = SSL_CTX_add1_chain_cert(context.get(), chain[i].get()) == 1;
  }
  if (accepted) return "";
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason == nullptr ? "no reason given" : reason;
}

absl::Time Expiry(const X509& certificate) {
  std::tm time = {};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &time) != 1) return absl::InfinitePast();
  return absl::FromTM(time, absl::UTCTimeZone());
}

}  // namespace

absl::StatusOr<TlsMaterial> ReadTlsFiles(const TlsFiles& files) {
  TlsMaterial material;
  auto certificate_pem = ReadFile("tls_cert", files.certificate);
  if (!certificate_pem.ok()) return certificate_pem.status();
  const std::vector<Certificate> chain = ParseCertificates(*certificate_pem);
  if (chain.empty()) return Wrong("tls_cert", files.certificate, "holds no certificate in PEM, or a broken one");

  auto key_pem = ReadFile("tls_key", files.key);
  if (!key_pem.ok()) return key_pem.status();
  const Key key(PEM_read_bio_PrivateKey(Open(*key_pem).get(), nullptr, NoPassphrase, nullptr));
  if (!key) return Wrong("tls_key", files.key, "holds no private key in PEM, or an encrypted one");
  if (X509_check_private_key(chain.front().get(), key.get()) != 1) {
    return Wrong("tls_key", files.key, absl::StrCat("is not the key of the first certificate in ", files.certificate));
  }
  if (const std::string objection = ObjectionTo(chain, *key); !objection.empty()) {
    return Wrong("tls_cert", files.certificate, absl::StrCat("OpenSSL does not serve with it: ", objection));
  }

  if (!files.client_ca.empty()) {
    auto client_ca_pem = ReadFile("tls_client_ca", files.client_ca);
    if (!client_ca_pem.ok()) return client_ca_pem.status();
    if (ParseCertificates(*client_ca_pem).empty()) {
      return Wrong("tls_client_ca", files.client_ca, "holds no certificate in PEM, or a broken one");
    }
    material.client_ca = *std::move(client_ca_pem);
  }
  material.certificate = *std::move(certificate_pem);
  material.key = *std::move(key_pem);
  material.expiry = Expiry(*chain.front());
  return material;
}

}  // namespace attnd
