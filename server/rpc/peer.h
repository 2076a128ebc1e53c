// Who is at the other end of a connection.

#ifndef SERVER_RPC_PEER_H_
#define SERVER_RPC_PEER_H_

#include <string>

#include "absl/strings/string_view.h"

namespace attnd {

// The host of gRPC's name for a peer: all its connections have it in common. "ipv4:192.0.2.1:5031" gives
// "ipv4:192.0.2.1", "ipv6:%5B2001:db8::1%5D:5031" "ipv6:%5B2001:db8::1%5D"; a name without a port, such as that of a
// Unix socket, stays whole.
std::string PeerHost(absl::string_view peer);

}  // namespace attnd

#endif  // SERVER_RPC_PEER_H_
