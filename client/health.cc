#include "client/health.h"

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "client/http_get.h"
#include "client/status.h"
#include "grpc/health/v1/health.pb.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/support/stub_options.h"

namespace attnd::client {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

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
  if (response.status() == HealthCheckResponse::SERVING) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("the server answers ", HealthCheckResponse::ServingStatus_Name(response.status())));
}

absl::Status CheckHealthByMetrics(absl::string_view metrics_address, absl::Time deadline) {
  const absl::StatusOr<HttpUrl> url = ParseHttpUrl(absl::StrCat("http://", metrics_address));
  if (!url.ok()) return url.status();
  const absl::StatusOr<std::string> metrics = HttpGet(*url, deadline - absl::Now());
  if (!metrics.ok()) return metrics.status();
  if (absl::c_linear_search(absl::StrSplit(*metrics, '\n'), "attnd_ready 1")) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(metrics_address, " does not say attnd_ready 1"));
}

}  // namespace attnd::client
