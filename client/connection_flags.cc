#include "client/connection_flags.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/addresses.h"
#include "client/read_file.h"

// Described in the header.
ABSL_FLAG(std::string, server, "localhost:50051", "");
ABSL_FLAG(int, max_attempts, 0, "");
ABSL_FLAG(int64_t, hedging_delay_ms, 0, "");
ABSL_FLAG(bool, tls, false, "");
ABSL_FLAG(std::string, tls_ca, "", "");
ABSL_FLAG(std::string, tls_cert, "", "");
ABSL_FLAG(std::string, tls_key, "", "");
ABSL_FLAG(std::string, tls_server_name, "", "");
ABSL_FLAG(std::string, api_key_file, "", "");

namespace attnd::client {
namespace {

// Not a flag: everybody on the machine can read those.
constexpr const char* kApiKeyVariable = "ATTND_API_KEY";

// Leaves `text` alone where there is no path.
absl::Status ReadFileOf(const char* flag, const std::string& path, std::string& text) {
  if (path.empty()) return absl::OkStatus();
  absl::StatusOr<std::string> read = ReadFile(path);
  if (!read.ok()) return absl::InvalidArgumentError(absl::StrCat("--", flag, ": ", read.status().message()));
  text = *std::move(read);
  return absl::OkStatus();
}

// Nothing where TLS is not asked for.
absl::StatusOr<std::optional<TlsOptions>> TlsFromFlags() {
  const std::string certificate_path = absl::GetFlag(FLAGS_tls_cert);
  const std::string key_path = absl::GetFlag(FLAGS_tls_key);
  const std::string ca_path = absl::GetFlag(FLAGS_tls_ca);
  if (certificate_path.empty() != key_path.empty()) {
    return absl::InvalidArgumentError("--tls_cert and --tls_key need each other");
  }
  TlsOptions tls = {.server_name = absl::GetFlag(FLAGS_tls_server_name)};
  const bool implied = !ca_path.empty() || !certificate_path.empty() || !tls.server_name.empty();
  if (!implied && !absl::GetFlag(FLAGS_tls)) return std::nullopt;
  absl::Status status = ReadFileOf("tls_ca", ca_path, tls.authorities);
  status.Update(ReadFileOf("tls_cert", certificate_path, tls.certificate));
  status.Update(ReadFileOf("tls_key", key_path, tls.private_key));
  if (!status.ok()) return status;
  return tls;
}

// The target has addresses in place of the names of several servers, which certificates have.
absl::Status ExpectFirstName(const std::string& servers, const std::string& target, TlsOptions& tls) {
  if (!tls.server_name.empty() || target == servers) return absl::OkStatus();
  absl::StatusOr<std::string> host = FirstHost(servers);
  if (!host.ok()) return host.status();
  tls.server_name = *std::move(host);
  return absl::OkStatus();
}

// Empty where none is given. No error repeats it.
absl::StatusOr<std::string> ApiKeyFromFlags() {
  const std::string path = absl::GetFlag(FLAGS_api_key_file);
  const char* const variable = std::getenv(kApiKeyVariable);
  std::string key;
  if (!path.empty()) {
    if (absl::Status status = ReadFileOf("api_key_file", path, key); !status.ok()) return status;
  } else if (variable != nullptr) {
    key = variable;
  } else {
    return key;
  }
  absl::StripAsciiWhitespace(&key);
  if (IsApiKey(key)) return key;
  return absl::InvalidArgumentError(absl::StrCat(path.empty() ? kApiKeyVariable : "--api_key_file",
                                                 " holds no API key: one is printable ASCII without spaces"));
}

}  // namespace

const std::vector<absl::string_view>& ConnectionFlags() {
  static const auto* const flags =
      new std::vector<absl::string_view>{"server",   "max_attempts", "hedging_delay_ms", "tls",         "tls_ca",
                                         "tls_cert", "tls_key",      "tls_server_name",  "api_key_file"};
  return *flags;
}

absl::StatusOr<ClientOptions> ConnectionFromFlags(absl::Duration timeout, int max_attempts) {
  const absl::Duration hedging_delay = absl::Milliseconds(absl::GetFlag(FLAGS_hedging_delay_ms));
  const int attempts = absl::GetFlag(FLAGS_max_attempts) == 0 ? max_attempts : absl::GetFlag(FLAGS_max_attempts);
  if (attempts < 1 || attempts > 5) return absl::InvalidArgumentError("--max_attempts must be in [1, 5]");
  if (hedging_delay < absl::ZeroDuration()) return absl::InvalidArgumentError("--hedging_delay_ms must not be below 0");
  auto tls = TlsFromFlags();
  if (!tls.ok()) return tls.status();
  auto key = ApiKeyFromFlags();
  if (!key.ok()) return key.status();
  const std::string servers = absl::GetFlag(FLAGS_server);
  auto target = TargetOfAddresses(servers);
  if (!target.ok()) return target.status();
  if (tls->has_value()) {
    if (absl::Status status = ExpectFirstName(servers, *target, **tls); !status.ok()) return status;
  }
  ClientOptions options = {
      .target = *std::move(target), .timeout = timeout, .tls = *std::move(tls), .api_key = *std::move(key)};
  options.retry.max_attempts = attempts;
  if (hedging_delay > absl::ZeroDuration()) options.hedging_delay = hedging_delay;
  return options;
}

}  // namespace attnd::client
