// The flags by which attndctl and attnd-load reach a server, in the same words.

#ifndef CLIENT_CONNECTION_FLAGS_H_
#define CLIENT_CONNECTION_FLAGS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/client.h"

namespace attnd::client {

// What --help says of them, after --server.
inline constexpr absl::string_view kConnectionUsage =
    R"(  --tls                  speak TLS, and trust the authorities that this machine trusts; each of the next implies it
  --tls_ca=PATH          PEM file of the authorities to trust instead
  --tls_cert=PATH        PEM file of this client's certificate, for a server that asks for one
  --tls_key=PATH         PEM file of its private key
  --tls_server_name=NAME name to expect in the server's certificate, where --server has another
  --api_key_file=PATH    file that holds an API key; else the environment's ATTND_API_KEY, if it is set
)";

// Their names, --server's too.
const std::vector<absl::string_view>& ConnectionFlags();

// Reads them once the command line is parsed, and the files they name. Errors: INVALID_ARGUMENT for flags that do not
// go together, files that cannot be read and keys that cannot be sent.
absl::StatusOr<ClientOptions> ConnectionFromFlags(absl::Duration timeout);

}  // namespace attnd::client

#endif  // CLIENT_CONNECTION_FLAGS_H_
