// A new Metrics has every series that docs/metrics.md promises, at zero, and no other.

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/telemetry/metrics.h"
#include "tests/server/telemetry/exposition.h"

namespace attnd {
namespace {

using testing::ContainerEq;

void AddHistogram(const std::string& name, const std::string& labels, const std::vector<double>& bounds,
                  Samples& samples) {
  samples.merge(HistogramSamples(name, labels, bounds, {}));
}

struct Service {
  std::string name;
  std::vector<std::string> unary;
  std::vector<std::string> streams;
};

const std::vector<Service> kServices = {{"attnd.v1.InferenceService",
                                         {"Forward", "Embed", "GetModel", "Tokenize", "Detokenize"},
                                         {"ForwardStream", "EmbedStream"}},
                                        {"attnd.v1.AdminService", {"ReloadModel"}, {}},
                                        {"inference.GRPCInferenceService",
                                         {"ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata",
                                          "ModelInfer", "ModelConfig", "ModelStatistics", "RepositoryIndex"},
                                         {"ModelStreamInfer"}}};

void AddRpcSeries(const std::string& service, const std::string& method, const std::string& type, Samples& samples) {
  const std::string labels =
      absl::StrCat(R"(grpc_method=")", method, R"(",grpc_service=")", service, R"(",grpc_type=")", type, "\"");
  samples[absl::StrCat("grpc_server_msg_received_total{", labels, "}")] = 0;
  samples[absl::StrCat("grpc_server_msg_sent_total{", labels, "}")] = 0;
  samples[absl::StrCat("grpc_server_started_total{", labels, "}")] = 0;
  for (const char* code : {"OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound",
                           "AlreadyExists", "PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted",
                           "OutOfRange", "Unimplemented", "Internal", "Unavailable", "DataLoss", "Unauthenticated"}) {
    samples[absl::StrCat(R"(grpc_server_handled_total{grpc_code=")", code, R"(",)", labels, "}")] = 0;
  }
  AddHistogram("grpc_server_handling_seconds", labels, kLatencyBounds, samples);
}

void AddRpcSeries(Samples& samples) {
  for (const Service& service : kServices) {
    for (const std::string& method : service.unary) AddRpcSeries(service.name, method, "unary", samples);
    for (const std::string& method : service.streams) {
      AddRpcSeries(service.name, method, "bidi_stream", samples);
      samples[absl::StrCat("attnd_stream_items{method=\"", method, "\"}")] = 0;
    }
  }
}

void AddAccessRefusals(Samples& samples) {
  for (const Service& service : kServices) {
    for (const auto* methods : {&service.unary, &service.streams}) {
      for (const std::string& method : *methods) {
        for (const char* reason :
             {"unauthenticated", "permission_denied", "rate_limited", "text_bytes", "reply_bytes", "draining"}) {
          samples[absl::StrCat(R"(attnd_rejected_total{method=")", method, R"(",reason=")", reason, R"("})")] = 0;
        }
      }
    }
  }
}

void AddMethodSeries(const std::string& method, Samples& samples) {
  for (const char* name : {"attnd_decode_seconds", "attnd_request_duration_seconds", "attnd_queue_wait_seconds",
                           "attnd_compute_seconds", "attnd_serialize_seconds"}) {
    AddHistogram(name, absl::StrCat("method=\"", method, "\""), kLatencyBounds, samples);
  }
  for (const char* kind : {"real", "padding"}) {
    samples[absl::StrCat(R"(attnd_tokens_processed_total{kind=")", kind, R"(",method=")", method, R"("})")] = 0;
  }
  for (const char* reason :
       {"queue_requests", "queue_tokens", "reply_bytes", "deadline_infeasible", "draining", "not_ready"}) {
    samples[absl::StrCat(R"(attnd_rejected_total{method=")", method, R"(",reason=")", reason, R"("})")] = 0;
  }
  for (const char* stage : {"queue", "compute", "stream"}) {
    for (const char* cause : {"client", "deadline"}) {
      samples[absl::StrCat(R"(attnd_cancelled_total{cause=")", cause, R"(",method=")", method, R"(",stage=")", stage,
                           R"("})")] = 0;
    }
  }
}

void AddSchedulerSeries(Samples& samples) {
  AddMethodSeries("Forward", samples);
  AddMethodSeries("Embed", samples);
  AddHistogram("attnd_batch_requests", "", {1, 2, 4}, samples);
  AddHistogram("attnd_batch_tokens", "", {1, 2, 4, 8, 16}, samples);
  AddHistogram("attnd_input_tokens", "", {1, 2, 4, 8, 16}, samples);
  for (const char* reason : {"worker_idle", "token_budget", "max_requests", "delay", "other_model", "drain"}) {
    samples[absl::StrCat(R"(attnd_batches_total{close_reason=")", reason, R"("})")] = 0;
  }
  for (const char* gauge :
       {"attnd_queue_requests", "attnd_queue_tokens", "attnd_inflight_requests", "attnd_inflight_tokens"}) {
    for (const char* priority : {"critical", "high", "normal", "low"}) {
      samples[absl::StrCat(gauge, R"({priority=")", priority, R"("})")] = 0;
    }
  }
  samples["attnd_estimated_queue_delay_seconds"] = 0;
  samples[R"(attnd_wasted_tokens_total{cause="client"})"] = 0;
  samples[R"(attnd_wasted_tokens_total{cause="deadline"})"] = 0;
  samples[R"(attnd_worker_busy_seconds_total{worker="0"})"] = 0;
}

TEST(InitialSeriesTest, AllAreThereAtZero) {
  const Metrics metrics({.max_batch_requests = 4, .max_batch_tokens = 10, .server_version = "1.2.3"});
  Samples samples = ParseSamples(Render(*metrics.collectable()));
  // The build's properties are known from the start; the compiler's version is not the test's to fix.
  EXPECT_EQ(std::erase_if(samples,
                          [](const auto& sample) {
                            return absl::StartsWith(sample.first, "attnd_build_info{compiler=\"") &&
                                   absl::EndsWith(sample.first, "\",version=\"1.2.3\"}") && sample.second == 1;
                          }),
            1);

  Samples expected = {{"attnd_log_dropped_total", 0},
                      {"attnd_ready", 0},
                      {"attnd_model_load_seconds", 0},
                      {"attnd_warmup_seconds", 0},
                      {"attnd_tls_cert_expiry_timestamp_seconds", 0}};
  for (const char* outcome : {"done", "failed", "refused"}) {
    expected[absl::StrCat(R"(attnd_model_reloads_total{outcome=")", outcome, R"("})")] = 0;
  }
  AddRpcSeries(expected);
  AddAccessRefusals(expected);
  AddSchedulerSeries(expected);
  EXPECT_THAT(samples, ContainerEq(expected));
}

}  // namespace
}  // namespace attnd
