// The requests of a load: inputs of random token ids.

#ifndef CLIENT_LOAD_WORKLOAD_H_
#define CLIENT_LOAD_WORKLOAD_H_

#include <cstdint>
#include <random>

#include "absl/status/statusor.h"
#include "attnd/v1/inference.pb.h"
#include "client/load/length_distribution.h"

namespace attnd::client {

struct WorkloadOptions {
  LengthDistribution length = FixedLength{128};
  int64_t inputs_per_request = 1;
  uint64_t seed = 0;
};

// The same seed gives the same requests.
class Workload {
 public:
  // Fits the lengths to `model`: its longest input, and its most tokens in a call shared out among the inputs.
  //
  // Errors: INVALID_ARGUMENT when no call with that many inputs is within the model's limits.
  static absl::StatusOr<Workload> Create(const WorkloadOptions& options, const v1::GetModelResponse& model);

  // One vector an input, pooled and normalised as the server does by default.
  v1::EmbedRequest NextEmbed();

  // Logits of the last position.
  v1::ForwardRequest NextForward();

 private:
  Workload(const WorkloadOptions& options, uint32_t vocabulary_size, int64_t longest_input);

  template <typename Request>
  Request NextInputs();

  WorkloadOptions options_;
  int64_t longest_input_;
  std::uniform_int_distribution<uint32_t> token_id_;
  std::mt19937_64 random_;
};

// Tokens of all inputs of a request.
template <typename Request>
int64_t TokenCount(const Request& request) {
  int64_t count = 0;
  for (const v1::Input& input : request.inputs()) count += input.token_ids().ids_size();
  return count;
}

}  // namespace attnd::client

#endif  // CLIENT_LOAD_WORKLOAD_H_
