// How a client reaches its servers, and what it does when one does not answer.

#ifndef CLIENT_CLIENT_OPTIONS_H_
#define CLIENT_CLIENT_OPTIONS_H_

#include <optional>
#include <string>

#include "absl/time/time.h"

namespace attnd::client {

// Texts in PEM, not paths.
struct TlsOptions {
  // Whom to trust; empty: the authorities that this machine trusts.
  std::string authorities;
  // This client's own, for a server that asks for one; both or neither.
  std::string certificate;
  std::string private_key;
  // Name to expect in the server's certificate; empty: that of the target, of several servers the first one's. Where
  // TargetOfAddresses made addresses of names it is to be one of these, such as FirstHost.
  std::string server_name;
};

// Which calls that failed are made again. Calls only, not streams, and only where the server said UNAVAILABLE or
// RESOURCE_EXHAUSTED, or died; after the time it names in grpc-retry-pushback-ms, not at all where that is negative,
// and else after a random time up to the backoff. All within ClientOptions.timeout.
struct RetryOptions {
  // Attempts in all, in [1, 5]; 1: none is made again.
  int max_attempts = 4;
  // Before the second attempt; doubled before each further one, up to max_backoff. At least a millisecond each.
  absl::Duration first_backoff = absl::Milliseconds(100);
  absl::Duration max_backoff = absl::Seconds(2);
};

struct ClientOptions {
  // "host:port", or "unix:PATH". Calls take turns among several servers: "ipv4:10.0.0.7:50051,10.0.0.8:50051", which
  // TargetOfAddresses makes of names, or "dns:///name:port". Of several, those whose health is not SERVING are left
  // out.
  std::string target = "localhost:50051";
  // Deadline of every call, all its attempts included, counted from its start.
  absl::Duration timeout = absl::Seconds(60);
  RetryOptions retry;
  // A Forward or Embed call not answered for this long is made a second time, of several servers mostly to another;
  // the first answer counts and the other call is cancelled. Costs the servers that work twice: choose about the 95th
  // percentile of latency or more. Absent: never.
  std::optional<absl::Duration> hedging_delay;
  // Absent: plaintext.
  std::optional<TlsOptions> tls;
  // Shown with every call, which in plaintext others can read; empty: none. One that is not IsApiKey is not shown.
  std::string api_key;
  // Largest request and largest reply.
  int max_message_bytes = 256 << 20;
};

}  // namespace attnd::client

#endif  // CLIENT_CLIENT_OPTIONS_H_
