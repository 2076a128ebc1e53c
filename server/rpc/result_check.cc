#include "server/rpc/result_check.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

namespace attnd {
namespace {

// Without a branch in the loop, for the compiler to vectorise.
bool AllFinite(absl::Span<const float> floats) {
  constexpr uint32_t kExponent = 0x7F800000;
  uint32_t found = 0;
  for (const float value : floats) {
    found |= static_cast<uint32_t>((std::bit_cast<uint32_t>(value) & kExponent) == kExponent);
  }
  return found == 0;
}

bool IsFinite(const SequenceOutput& output) {
  return AllFinite(output.logits) && AllFinite(output.embedding) && AllFinite(output.top.logits) &&
         AllFinite(output.top.log_probabilities) && AllFinite(output.token_log_probabilities) &&
         absl::c_all_of(output.hidden, [](const std::vector<float>& hidden) { return AllFinite(hidden); });
}

}  // namespace

absl::Status CheckResult(const Request& request) {
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    if (request.inputs[i].token_ids.empty() || IsFinite(request.outputs[i])) continue;
    return absl::InternalError(absl::StrCat("the model gave numbers that are not finite for input ", i, " of ",
                                            request.inputs.size(), ", token ids"));
  }
  return absl::OkStatus();
}

}  // namespace attnd
