#include "server/open_inference/model_version.h"

#include "absl/strings/str_cat.h"
#include "server/rpc/utf8.h"

namespace attnd {
namespace {}  // namespace

std::string OpenInferenceVersion(const ServedModel& model) { return absl::StrCat(model.load_count); }

absl::Status CheckServes(const ServedModel& model, absl::string_view name, absl::string_view version) {
  if (name != model.name) {
    return absl::NotFoundError(absl::StrCat("no model ", Quoted(name), " is served here, but \"", model.name, "\""));
  }
  const std::string number = OpenInferenceVersion(model);
  if (version.empty() || version == number || version == model.version) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("version ", Quoted(version), " of model \"", model.name,
                                          "\" is not served here, but ", number, ", which is ", model.version));
}

}  // namespace attnd
