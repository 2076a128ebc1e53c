#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/ctl/command_groups.h"
#include "client/ctl/model_output.h"
#include "client/ctl/reload_output.h"
#include "client/health.h"
#include "client/output_format.h"
#include "client/step_progress.h"

// Described in usage.h.
ABSL_FLAG(std::string, model, "", "");
ABSL_FLAG(std::string, metrics, "", "");

namespace attnd::client {
namespace {

absl::StatusOr<Calls> MakeModel(absl::Span<const std::string> inputs, OutputFormat format) {
  if (!inputs.empty()) return absl::InvalidArgumentError("model takes no input");
  return [format](Client& client) -> absl::StatusOr<std::string> {
    absl::StatusOr<v1::GetModelResponse> model = client.GetModel();
    if (!model.ok()) return model.status();
    return format == OutputFormat::kJson ? ModelJson(*model) : ModelTable(*model);
  };
}

absl::StatusOr<Calls> MakeHealth(absl::Span<const std::string> inputs, OutputFormat format) {
  if (!inputs.empty()) return absl::InvalidArgumentError("health takes no input");
  const std::string metrics = absl::GetFlag(FLAGS_metrics);
  return [format, metrics](Client& client) -> absl::StatusOr<std::string> {
    const absl::Time deadline = absl::Now() + absl::Milliseconds(absl::GetFlag(FLAGS_timeout_ms));
    absl::Status status = metrics.empty() ? client.CheckHealth() : CheckHealthByMetrics(metrics, deadline);
    if (!status.ok()) return status;
    return format == OutputFormat::kJson ? "{\"status\":\"SERVING\"}\n" : "SERVING\n";
  };
}

absl::StatusOr<Calls> MakeReload(absl::Span<const std::string> inputs, OutputFormat format) {
  if (!inputs.empty()) return absl::InvalidArgumentError("reload takes no input");
  v1::ReloadModelRequest request;
  request.set_model_path(absl::GetFlag(FLAGS_model));
  return [request, format](Client& client) -> absl::StatusOr<std::string> {
    absl::StatusOr<v1::ReloadModelResponse> response;
    {
      const StepProgress progress("loading the model beside the one being served");
      response = client.ReloadModel(request);
    }
    if (!response.ok()) return response.status();
    return format == OutputFormat::kJson ? ReloadJson(*response) : ReloadTable(*response);
  };
}

}  // namespace

std::vector<Subcommand<Action>> ServerCommands() {
  return {
      Calling({"model", MakeModel, {}}),
      Calling({"health", MakeHealth, {"metrics"}}),
      Calling({"reload", MakeReload, {"model"}}),
  };
}

}  // namespace attnd::client
