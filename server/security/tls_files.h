// The files a server's TLS is made of: its certificate, its key, and whose clients it lets in.

#ifndef SERVER_SECURITY_TLS_FILES_H_
#define SERVER_SECURITY_TLS_FILES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace attnd {

// Paths of PEM files.
struct TlsFiles {
  std::string certificate;  // the server's own first, then what leads to a root; empty: no TLS
  std::string key;
  std::string client_ca;  // empty: clients need no certificate
};

// What they hold.
struct TlsMaterial {
  std::string certificate;
  std::string key;
  std::string client_ca;
  absl::Time expiry;  // of the server's certificate

  friend bool operator==(const TlsMaterial& a, const TlsMaterial& b) = default;
};

// Reads the files and checks that they can be served with. INVALID_ARGUMENT names the flag and the path of the one that
// cannot be read, is not PEM or is too weak for OpenSSL, and says so when key and certificate do not belong together.
// Threads: any.
absl::StatusOr<TlsMaterial> ReadTlsFiles(const TlsFiles& files);

}  // namespace attnd

#endif  // SERVER_SECURITY_TLS_FILES_H_
