#include "client/addresses.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace attnd::client {
namespace {

struct HostPort {
  std::string host;
  std::string port;
};

// "host:port" or "[address]:port".
absl::StatusOr<HostPort> SplitAddress(absl::string_view address) {
  const size_t colon = address.rfind(':');
  int port = 0;
  if (colon == absl::string_view::npos || colon == 0 || !absl::SimpleAtoi(address.substr(colon + 1), &port) ||
      port < 1 || port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", address, "' among several servers must be HOST:PORT, the port in [1, 65535]"));
  }
  absl::string_view host = address.substr(0, colon);
  if (absl::StartsWith(host, "[") && absl::EndsWith(host, "]")) host = host.substr(1, host.size() - 2);
  return HostPort{std::string(host), absl::StrCat(port)};
}

// All addresses of a family, as getnameinfo writes them; none where there are none.
std::vector<std::string> Lookup(const HostPort& server, int family) {
  addrinfo wanted = {};
  wanted.ai_family = family;
  wanted.ai_socktype = SOCK_STREAM;
  // Of a host with IPv4 alone, addresses that stand for those.
  if (family == AF_INET6) wanted.ai_flags = AI_V4MAPPED;
  addrinfo* found = nullptr;
  std::vector<std::string> addresses;
  if (getaddrinfo(server.host.c_str(), server.port.c_str(), &wanted, &found) != 0) return addresses;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    char host[NI_MAXHOST];
    if (getnameinfo(each->ai_addr, each->ai_addrlen, host, sizeof(host), nullptr, 0, NI_NUMERICHOST) != 0) continue;
    addresses.push_back(family == AF_INET ? absl::StrCat(host, ":", server.port)
                                          : absl::StrCat("[", host, "]:", server.port));
  }
  return addresses;
}

// The addresses of all servers; none where one has none of the family.
std::vector<std::string> LookupAll(const std::vector<HostPort>& servers, int family) {
  std::vector<std::string> all;
  for (const HostPort& server : servers) {
    const std::vector<std::string> addresses = Lookup(server, family);
    if (addresses.empty()) return {};
    all.insert(all.end(), addresses.begin(), addresses.end());
  }
  return all;
}

}  // namespace

absl::StatusOr<std::string> TargetOfAddresses(absl::string_view addresses) {
  if (!absl::StrContains(addresses, ',') || HasSeveralServers(addresses)) return std::string(addresses);
  std::vector<HostPort> servers;
  for (const absl::string_view address : absl::StrSplit(addresses, ',')) {
    absl::StatusOr<HostPort> server = SplitAddress(address);
    if (!server.ok()) return server.status();
    servers.push_back(*std::move(server));
  }
  // A target of gRPC has one family.
  if (const auto ipv4 = LookupAll(servers, AF_INET); !ipv4.empty()) {
    return absl::StrCat("ipv4:", absl::StrJoin(ipv4, ","));
  }
  if (const auto ipv6 = LookupAll(servers, AF_INET6); !ipv6.empty()) {
    return absl::StrCat("ipv6:", absl::StrJoin(ipv6, ","));
  }
  return absl::UnavailableError(absl::StrCat("one of the servers '", addresses, "' has no address"));
}

absl::StatusOr<std::string> FirstHost(absl::string_view addresses) {
  absl::StatusOr<HostPort> first = SplitAddress(addresses.substr(0, addresses.find(',')));
  if (!first.ok()) return first.status();
  return std::move(first->host);
}

bool HasSeveralServers(absl::string_view target) {
  const bool list = absl::StartsWith(target, "ipv4:") || absl::StartsWith(target, "ipv6:");
  return absl::StartsWith(target, "dns:") || (list && absl::StrContains(target, ','));
}

}  // namespace attnd::client
