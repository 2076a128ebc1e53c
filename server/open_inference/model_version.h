// How the Open Inference Protocol calls the model that is served.

#ifndef SERVER_OPEN_INFERENCE_MODEL_VERSION_H_
#define SERVER_OPEN_INFERENCE_MODEL_VERSION_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/scheduling/served_model.h"

namespace attnd {

// A number, as Triton's tools expect: how many models this server had loaded by then, such as "1". Threads: any.
std::string OpenInferenceVersion(const ServedModel& model);

// NOT_FOUND unless this is what `name` and `version` mean. An empty version means any; ServedModel::version does, too.
// Threads: any.
absl::Status CheckServes(const ServedModel& model, absl::string_view name, absl::string_view version);

}  // namespace attnd

#endif  // SERVER_OPEN_INFERENCE_MODEL_VERSION_H_
