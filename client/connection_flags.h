// The flags by which attndctl and attnd-load reach a server, in the same words.

#ifndef CLIENT_CONNECTION_FLAGS_H_
#define CLIENT_CONNECTION_FLAGS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/client.h"

namespace attnd::client {

// What --help says of them.
inline constexpr absl::string_view kConnectionUsage =
    R"(  --server=localhost:50051
                         or several, commas between: calls take turns among those that are healthy. dns:///NAME:PORT for
                         all addresses of a name, asked for again as they change
  --max_attempts=N       attempts of a call in all, 1 to 5, while the server has no room, ends or dies, each after the
                         time the server names; streams have one. attndctl makes up to 4, attnd-load 1, unless given
  --hedging_delay_ms=0   make a call a second time when it is not answered within this time, and take the first answer;
                         0: never
  --tls                  speak TLS, and trust the authorities that this machine trusts; each of the next implies it
  --tls_ca=PATH          PEM file of the authorities to trust instead
  --tls_cert=PATH        PEM file of this client's certificate, for a server that asks for one
  --tls_key=PATH         PEM file of its private key
  --tls_server_name=NAME name to expect in the server's certificate, where --server has another; unless given, all of
                         several servers are to have the first one's
  --api_key_file=PATH    file that holds an API key; else the environment's ATTND_API_KEY, if it is set
)";

// Their names, --server's too.
const std::vector<absl::string_view>& ConnectionFlags();

// Reads them once the command line is parsed, and the files they name, and looks up the names of several servers.
// `max_attempts` is what the program wants where the flag is not given. Errors: INVALID_ARGUMENT for values out of
// their range, flags that do not go together, files that cannot be read and keys that cannot be sent; those of
// TargetOfAddresses.
absl::StatusOr<ClientOptions> ConnectionFromFlags(absl::Duration timeout, int max_attempts);

}  // namespace attnd::client

#endif  // CLIENT_CONNECTION_FLAGS_H_
