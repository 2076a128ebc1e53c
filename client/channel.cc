#include "client/channel.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "client/addresses.h"
#include "grpc/grpc.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "nlohmann/json.hpp"

namespace attnd::client {
namespace {

using ::nlohmann::json;

constexpr int kFirstReconnectBackoffMs = 100;
constexpr int kMaxReconnectBackoffMs = 1000;

// gRPC makes no more than five.
constexpr int kMostAttempts = 5;
constexpr absl::Duration kLeastBackoff = absl::Milliseconds(1);

std::shared_ptr<grpc::ChannelCredentials> CredentialsFor(const ClientOptions& options) {
  if (!options.tls) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({.pem_root_certs = options.tls->authorities,
                               .pem_private_key = options.tls->private_key,
                               .pem_cert_chain = options.tls->certificate});
}

std::string JsonDuration(absl::Duration duration) {
  return absl::StrFormat("%.3fs", absl::ToDoubleSeconds(std::max(duration, kLeastBackoff)));
}

// The unary calls that change nothing on the server.
json IdempotentMethods() {
  json methods = json::array();
  for (const char* method : {"Forward", "Embed", "Tokenize", "Detokenize", "GetModel"}) {
    methods.push_back({{"service", "attnd.v1.InferenceService"}, {"method", method}});
  }
  return methods;
}

// "10.0.0.7:50051" of "ipv4:10.0.0.7:50051,10.0.0.8:50051".
std::string FirstAddress(absl::string_view target) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(target, absl::MaxSplits(':', 1));
  const std::pair<absl::string_view, absl::string_view> first = absl::StrSplit(parts.second, absl::MaxSplits(',', 1));
  return std::string(first.first);
}

}  // namespace

std::string ServiceConfig(const ClientOptions& options) {
  json config = json::object();
  if (HasSeveralServers(options.target)) {
    config["loadBalancingConfig"] = json::array({{{"round_robin", json::object()}}});
    config["healthCheckConfig"] = {{"serviceName", ""}};
  }
  if (options.retry.max_attempts > 1) {
    const json policy = {{"maxAttempts", std::min(options.retry.max_attempts, kMostAttempts)},
                         {"initialBackoff", JsonDuration(options.retry.first_backoff)},
                         {"maxBackoff", JsonDuration(options.retry.max_backoff)},
                         {"backoffMultiplier", 2},
                         {"retryableStatusCodes", {"UNAVAILABLE", "RESOURCE_EXHAUSTED"}}};
    config["methodConfig"] = json::array({{{"name", IdempotentMethods()}, {"retryPolicy", policy}}});
  }
  return config.dump();
}

std::shared_ptr<grpc::Channel> CreateChannel(const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(ServiceConfig(options));
  arguments.SetMaxReceiveMessageSize(options.max_message_bytes);
  arguments.SetMaxSendMessageSize(options.max_message_bytes);
  // A request that gRPC does not keep it cannot send again.
  arguments.SetInt(GRPC_ARG_PER_RPC_RETRY_BUFFER_SIZE, options.max_message_bytes);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectBackoffMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxReconnectBackoffMs);
  // As the server: no probe of bandwidth with every reply.
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  // Two clients of one target have two connections.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const bool list = HasSeveralServers(options.target) && absl::StrContains(options.target, ',');
  // Else the whole list, which is no host's name.
  if (list) arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, FirstAddress(options.target));
  if (options.tls && !options.tls->server_name.empty()) arguments.SetSslTargetNameOverride(options.tls->server_name);
  return grpc::CreateCustomChannel(options.target, CredentialsFor(options), arguments);
}

}  // namespace attnd::client
