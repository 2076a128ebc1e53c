#include "server/rpc/peer.h"

#include "absl/strings/match.h"

namespace attnd {

std::string PeerHost(absl::string_view peer) {
  const bool has_port = absl::StartsWith(peer, "ipv4:") || absl::StartsWith(peer, "ipv6:");
  return std::string(has_port ? peer.substr(0, peer.rfind(':')) : peer);
}

}  // namespace attnd
