#include "server/telemetry/rpc_metrics.h"

#include <prometheus/labels.h>

#include "server/telemetry/buckets.h"
#include "server/telemetry/counted_time.h"
#include "server/telemetry/rejected_family.h"

namespace attnd {
namespace {

struct MethodName {
  const char* name;
  const char* service;
  bool is_stream = false;
};

constexpr const char* kInference = "attnd.v1.InferenceService";
constexpr const char* kOpenInference = "inference.GRPCInferenceService";
constexpr const char* kAdmin = "attnd.v1.AdminService";
constexpr MethodName kMethods[] = {{"Forward", kInference},
                                   {"Embed", kInference},
                                   {"GetModel", kInference},
                                   {"ForwardStream", kInference, true},
                                   {"EmbedStream", kInference, true},
                                   {"Tokenize", kInference},
                                   {"Detokenize", kInference},
                                   {"ServerLive", kOpenInference},
                                   {"ServerReady", kOpenInference},
                                   {"ModelReady", kOpenInference},
                                   {"ServerMetadata", kOpenInference},
                                   {"ModelMetadata", kOpenInference},
                                   {"ModelInfer", kOpenInference},
                                   {"ModelStreamInfer", kOpenInference, true},
                                   {"ModelConfig", kOpenInference},
                                   {"ModelStatistics", kOpenInference},
                                   {"RepositoryIndex", kOpenInference},
                                   {"ReloadModel", kAdmin}};

// Go's names of the codes, by number.
constexpr const char* kCodeNames[] = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

constexpr const char* kCallRefusals[] = {"unauthenticated", "permission_denied", "rate_limited",
                                         "text_bytes",      "reply_bytes",       "draining"};

prometheus::Labels MethodLabels(const MethodName& method) {
  return {{"grpc_type", method.is_stream ? "bidi_stream" : "unary"},
          {"grpc_service", method.service},
          {"grpc_method", method.name}};
}

}  // namespace

const char* RpcMethodName(RpcMethod method) { return kMethods[static_cast<size_t>(method)].name; }

RpcMetrics::RpcMetrics(prometheus::Registry& registry)
    : failures_not_logged_(&prometheus::BuildCounter()
                                .Name("attnd_log_dropped_total")
                                .Help("Failed calls and items that the log left out, for there were too many.")
                                .Register(registry)
                                .Add({})) {
  auto& started = prometheus::BuildCounter()
                      .Name("grpc_server_started_total")
                      .Help("Calls that reached the service.")
                      .Register(registry);
  auto& handled = prometheus::BuildCounter()
                      .Name("grpc_server_handled_total")
                      .Help("Calls answered, by status code.")
                      .Register(registry);
  auto& received = prometheus::BuildCounter()
                       .Name("grpc_server_msg_received_total")
                       .Help("Messages received: one a unary call, one an item of a stream.")
                       .Register(registry);
  auto& sent = prometheus::BuildCounter()
                   .Name("grpc_server_msg_sent_total")
                   .Help("Messages sent: one a unary call that succeeded, one an item of a stream.")
                   .Register(registry);
  auto& stream_items = prometheus::BuildGauge()
                           .Name("attnd_stream_items")
                           .Help("Items of streams that were read and whose replies have not been written.")
                           .Register(registry);
  auto& rejected = RejectedFamily(registry);
  auto& handling = prometheus::BuildHistogram()
                       .Name("grpc_server_handling_seconds")
                       .Help("Seconds from a call's arrival at the service to its status, whatever the code.")
                       .Register(registry);
  for (size_t method = 0; method < kMethodCount; ++method) {
    const prometheus::Labels labels = MethodLabels(kMethods[method]);
    methods_[method].started = &started.Add(labels);
    methods_[method].messages_received = &received.Add(labels);
    methods_[method].messages_sent = &sent.Add(labels);
    if (kMethods[method].is_stream) {
      methods_[method].stream_items = &stream_items.Add({{"method", kMethods[method].name}});
    }
    methods_[method].duration = &handling.Add(labels, LatencyBuckets());
    for (size_t refusal = 0; refusal < kCallRefusalCount; ++refusal) {
      methods_[method].refused[refusal] =
          &rejected.Add({{"method", kMethods[method].name}, {"reason", kCallRefusals[refusal]}});
    }
    for (size_t code = 0; code < kCodeCount; ++code) {
      prometheus::Labels code_labels = labels;
      code_labels["grpc_code"] = kCodeNames[code];
      methods_[method].handled[code] = &handled.Add(code_labels);
    }
  }
  AddConversionSeries(registry);
}

void RpcMetrics::AddConversionSeries(prometheus::Registry& registry) {
  auto& decode = prometheus::BuildHistogram()
                     .Name("attnd_decode_seconds")
                     .Help("Seconds in which a message became a request, for those that passed every check.")
                     .Register(registry);
  auto& serialize = prometheus::BuildHistogram()
                        .Name("attnd_serialize_seconds")
                        .Help("Seconds in which a result was checked and became a message.")
                        .Register(registry);
  for (const Method method : {Method::kForward, Method::kEmbed}) {
    const prometheus::Labels labels = {{"method", method == Method::kForward ? "Forward" : "Embed"}};
    conversions_[static_cast<size_t>(method)] = {.decode = &decode.Add(labels, LatencyBuckets()),
                                                 .serialize = &serialize.Add(labels, LatencyBuckets())};
  }
}

void RpcMetrics::OnHandled(RpcMethod method, absl::StatusCode code, absl::Duration duration) {
  PerMethod& metrics = At(method);
  const auto number = static_cast<size_t>(code);
  const auto unknown = static_cast<size_t>(absl::StatusCode::kUnknown);
  metrics.handled[number < kCodeCount ? number : unknown]->Increment();
  metrics.duration->Observe(absl::ToDoubleSeconds(duration));
}

void RpcMetrics::AddTo(InferenceStatistics& statistics) const {
  for (const Conversion& conversion : conversions_) {
    attnd::AddTo(statistics.decode, *conversion.decode);
    attnd::AddTo(statistics.serialize, *conversion.serialize);
  }
}

}  // namespace attnd
