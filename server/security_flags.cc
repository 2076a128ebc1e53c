#include "server/security_flags.h"

#include <cstdint>
#include <string>

#include "absl/flags/flag.h"
#include "absl/time/time.h"

ABSL_FLAG(
    std::string, tls_cert, "",
    "PEM file of the server's certificate, followed by those that lead to a root. With --tls_key: serve TLS only.");
ABSL_FLAG(std::string, tls_key, "", "PEM file of the certificate's private key, not encrypted.");
ABSL_FLAG(std::string, tls_client_ca, "",
          "PEM file of the authorities whose clients are let in; without it clients need no certificate.");
ABSL_FLAG(std::string, api_keys, "",
          "File of the API keys that callers must show, one a line: id, SHA-256, methods, rate. attndctl key new makes "
          "them. Without it anybody may call.");
ABSL_FLAG(int64_t, reread_interval_s, 10,
          "Seconds between two looks at these files. New connections and calls use what they hold; what cannot be used "
          "changes nothing.");
ABSL_FLAG(int64_t, max_metadata_bytes, 16384, "Bytes of the headers of one call; one with more is refused by gRPC.");
ABSL_FLAG(int64_t, max_concurrent_streams, 1024,
          "Calls in progress on one connection; further ones wait in the client.");
ABSL_FLAG(
    int64_t, memory_quota_bytes, int64_t{1} << 30,
    "Bytes gRPC may hold in requests being read, of all connections together; beyond them it ends calls. At least "
    "--max_request_bytes.");
ABSL_FLAG(int64_t, keepalive_time_s, 120, "Seconds without a sign of life after which a connection is probed.");
ABSL_FLAG(int64_t, keepalive_timeout_s, 20, "Seconds a probed connection has to answer before it is closed.");
ABSL_FLAG(int64_t, min_ping_interval_s, 10,
          "Seconds that clients must leave between their own probes; one that sends many faster is disconnected.");
ABSL_FLAG(bool, keepalive_without_calls, true, "Whether connections without a call are probed, and may probe.");
ABSL_FLAG(int64_t, max_connection_age_s, 0,
          "Seconds after which a client is asked to connect anew, so that load balancers can spread it. 0: never.");
ABSL_FLAG(int64_t, max_connection_age_grace_s, 60,
          "Seconds that calls in progress have after that before the connection is closed.");
ABSL_FLAG(bool, reflection, true, "Whether gRPC reflection tells the protocol to whoever asks.");

namespace attnd {
namespace {

constexpr int64_t kMaxMetadataBytes = int64_t{1} << 24;
constexpr int64_t kMaxStreams = int64_t{1} << 20;
constexpr int64_t kMaxQuotaBytes = int64_t{1} << 50;
// gRPC counts milliseconds in 31 bits.
constexpr int64_t kMaxIntervalSeconds = 2'000'000;

}  // namespace

SecurityFlags SecurityFromFlags(int64_t max_request_bytes, FlagChecker& check) {
  const auto seconds = [&check](const char* flag, int64_t value, int64_t low) {
    return absl::Seconds(check.CheckRange(flag, value, low, kMaxIntervalSeconds));
  };
  SecurityFlags flags;
  flags.tls = {.certificate = absl::GetFlag(FLAGS_tls_cert),
               .key = absl::GetFlag(FLAGS_tls_key),
               .client_ca = absl::GetFlag(FLAGS_tls_client_ca)};
  check.CheckTogether("tls_cert", flags.tls.certificate, "tls_key", flags.tls.key);
  if (!flags.tls.client_ca.empty()) {
    check.CheckTogether("tls_cert", flags.tls.certificate, "tls_client_ca", flags.tls.client_ca);
  }
  flags.api_keys = absl::GetFlag(FLAGS_api_keys);
  flags.reread_interval = seconds("reread_interval_s", absl::GetFlag(FLAGS_reread_interval_s), 1);
  flags.connection_limits = {
      .max_metadata_bytes =
          check.CheckRange("max_metadata_bytes", absl::GetFlag(FLAGS_max_metadata_bytes), 1024, kMaxMetadataBytes),
      .max_concurrent_streams =
          check.CheckRange("max_concurrent_streams", absl::GetFlag(FLAGS_max_concurrent_streams), 1, kMaxStreams),
      .memory_quota_bytes = check.CheckRange("memory_quota_bytes", absl::GetFlag(FLAGS_memory_quota_bytes),
                                             max_request_bytes, kMaxQuotaBytes),
      .keepalive_time = seconds("keepalive_time_s", absl::GetFlag(FLAGS_keepalive_time_s), 1),
      .keepalive_timeout = seconds("keepalive_timeout_s", absl::GetFlag(FLAGS_keepalive_timeout_s), 1),
      .min_ping_interval = seconds("min_ping_interval_s", absl::GetFlag(FLAGS_min_ping_interval_s), 1),
      .keepalive_without_calls = absl::GetFlag(FLAGS_keepalive_without_calls),
      .max_connection_age = seconds("max_connection_age_s", absl::GetFlag(FLAGS_max_connection_age_s), 0),
      .max_connection_age_grace =
          seconds("max_connection_age_grace_s", absl::GetFlag(FLAGS_max_connection_age_grace_s), 0),
  };
  flags.reflection = absl::GetFlag(FLAGS_reflection);
  return flags;
}

}  // namespace attnd
