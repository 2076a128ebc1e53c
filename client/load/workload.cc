#include "client/load/workload.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace attnd::client {

absl::StatusOr<Workload> Workload::Create(const WorkloadOptions& options, const v1::GetModelResponse& model) {
  const v1::ModelLimits& limits = model.limits();
  const int64_t most_inputs = std::min(limits.max_request_inputs(), limits.max_request_tokens());
  if (options.inputs_per_request < 1 || options.inputs_per_request > most_inputs) {
    return absl::InvalidArgumentError(absl::StrCat("inputs_per_request is ", options.inputs_per_request,
                                                   "; the server takes 1 to ", most_inputs, " inputs in a call"));
  }
  if (model.config().vocabulary_size() == 0 || limits.max_input_tokens() == 0) {
    return absl::InvalidArgumentError("the server's model takes no tokens");
  }
  const int64_t longest_input =
      std::min<int64_t>(limits.max_input_tokens(), limits.max_request_tokens() / options.inputs_per_request);
  return Workload(options, model.config().vocabulary_size(), longest_input);
}

Workload::Workload(const WorkloadOptions& options, uint32_t vocabulary_size, int64_t longest_input)
    : options_(options), longest_input_(longest_input), token_id_(0, vocabulary_size - 1), random_(options.seed) {}

v1::EmbedRequest Workload::NextEmbed() { return NextInputs<v1::EmbedRequest>(); }

v1::ForwardRequest Workload::NextForward() {
  v1::ForwardRequest request = NextInputs<v1::ForwardRequest>();
  request.set_logits(v1::POSITIONS_LAST);
  return request;
}

template <typename Request>
Request Workload::NextInputs() {
  Request request;
  for (int64_t i = 0; i < options_.inputs_per_request; ++i) {
    const int64_t length = SampleLength(options_.length, longest_input_, random_);
    v1::TokenIds& token_ids = *request.add_inputs()->mutable_token_ids();
    for (int64_t t = 0; t < length; ++t) token_ids.add_ids(token_id_(random_));
  }
  return request;
}

}  // namespace attnd::client
