#include "server/security/exposure.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace attnd {

bool IsLoopback(absl::string_view address) {
  if (absl::StartsWith(address, "unix:")) return true;
  absl::string_view host = address.substr(0, address.rfind(':'));
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  if (host == "localhost") return true;
  const std::string text(host);
  in_addr ipv4 = {};
  if (inet_pton(AF_INET, text.c_str(), &ipv4) == 1) return (ntohl(ipv4.s_addr) >> 24) == IN_LOOPBACKNET;
  in6_addr ipv6 = {};
  return inet_pton(AF_INET6, text.c_str(), &ipv6) == 1 && IN6_IS_ADDR_LOOPBACK(&ipv6);
}

std::string ExposureWarning(absl::string_view flag, absl::string_view address, bool has_keys) {
  return absl::StrCat(
      "\n"
      "  ****************************************************************************\n"
      "  gRPC is served on --",
      flag, "=", address,
      " without TLS.\n"
      "  Whoever is on the way to that address can read what callers send and receive,\n",
      has_keys ? "  their API keys too, change it, and make calls with these keys.\n"
               : "  and change it; whoever reaches it can make calls of their own.\n",
      "  Give --tls_cert and --tls_key, or serve this machine alone with\n"
      "  --",
      flag,
      "=127.0.0.1:PORT.\n"
      "  ****************************************************************************");
}

}  // namespace attnd
