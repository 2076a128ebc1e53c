// Several servers in one target of gRPC.

#ifndef CLIENT_ADDRESSES_H_
#define CLIENT_ADDRESSES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace attnd::client {

// What ClientOptions.target takes for `addresses`: one as it is, whatever gRPC understands; of several "host:port" with
// commas between, all their IP addresses, "ipv4:10.0.0.7:50051,10.0.0.8:50051". Names are looked up once, now, which
// may take seconds; for a name whose addresses change use "dns:///name:port". Threads: any. Errors: INVALID_ARGUMENT
// for what is no "host:port", UNAVAILABLE for a name that has no address.
absl::StatusOr<std::string> TargetOfAddresses(absl::string_view addresses);

// "a.example" of "a.example:443,b.example:443", without the brackets of an IPv6 address. Errors: INVALID_ARGUMENT for
// what is no "host:port". Threads: any.
absl::StatusOr<std::string> FirstHost(absl::string_view addresses);

// Whether calls to `target` have several servers to choose from: a list as above, or "dns:///name:port".
bool HasSeveralServers(absl::string_view target);

}  // namespace attnd::client

#endif  // CLIENT_ADDRESSES_H_
