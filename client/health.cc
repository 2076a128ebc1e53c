#include "client/health.h"

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "client/http_get.h"
#include "client/status.h"
#include "google/protobuf/wrappers.pb.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/support/stub_options.h"

namespace attnd::client {
namespace {

// Debian's gRPC ships the health service but no health.proto and no header made from it, and no copy of it belongs in
// this repository. Its two messages have one field each, numbered 1 and encoded as in these well-known types:
// HealthCheckRequest { string service = 1; } and HealthCheckResponse { ServingStatus status = 1; }.
using HealthCheckRequest = google::protobuf::StringValue;
using HealthCheckResponse = google::protobuf::Int32Value;

enum ServingStatus { kUnknown = 0, kServing = 1, kNotServing = 2, kServiceUnknown = 3 };

absl::string_view ServingStatusName(int status) {
  switch (status) {
    case kServing:
      return "SERVING";
    case kNotServing:
      return "NOT_SERVING";
    case kServiceUnknown:
      return "SERVICE_UNKNOWN";
    default:
      return "UNKNOWN";
  }
}

}  // namespace

absl::Status CheckHealth(const std::shared_ptr<grpc::Channel>& channel, absl::Time deadline,
                         WhenUnconnected when_unconnected) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(deadline));
  context.set_wait_for_ready(when_unconnected == WhenUnconnected::kWait);

  const HealthCheckRequest whole_server;
  HealthCheckResponse response;
  grpc::Status status;
  absl::Notification done;
  grpc::TemplatedGenericStub<HealthCheckRequest, HealthCheckResponse>(channel).UnaryCall(
      &context, "/grpc.health.v1.Health/Check", grpc::StubOptions(), &whole_server, &response,
      [&status, &done](grpc::Status result) {
        status = std::move(result);
        done.Notify();
      });
  done.WaitForNotification();

  if (!status.ok()) return FromGrpcStatus(status);
  if (response.value() == kServing) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("the server answers ", ServingStatusName(response.value())));
}

absl::Status CheckHealthByMetrics(absl::string_view metrics_address, absl::Time deadline) {
  absl::StatusOr<std::string> metrics = HttpGet(metrics_address, "/metrics", deadline);
  if (!metrics.ok()) return metrics.status();
  if (absl::c_linear_search(absl::StrSplit(*metrics, '\n'), "attnd_ready 1")) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(metrics_address, " does not say attnd_ready 1"));
}

}  // namespace attnd::client
