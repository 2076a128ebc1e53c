// A linear layer of the model, and how the threads share its work.

#ifndef ENGINE_MODEL_LINEAR_LAYER_H_
#define ENGINE_MODEL_LINEAR_LAYER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/model/weight_source.h"
#include "engine/ops/layer_norm.h"
#include "engine/ops/linear.h"
#include "engine/ops/thread_team.h"
#include "engine/tensor/arena.h"

namespace attnd {

// Packed weights and the code that reads them. Threads: any.
struct LinearLayer {
  const LinearKernel* kernel = nullptr;  // shared by all layers of the shape
  PackedLinear weights;
};

// The gain and bias named `name`.weight and `name`.bias, copied into `arena`.
absl::StatusOr<LayerNormWeights> LoadLayerNorm(const WeightSource& source, const std::string& name, Arena& arena);

// The weights [in, out] and bias [out] named `name`.weight and `name`.bias, packed into `arena` and tried
// (CheckProduct). `kernel` must outlive the layer.
absl::StatusOr<LinearLayer> LoadLinear(const WeightSource& source, const std::string& name, const LinearKernel& kernel,
                                       Arena& arena);

// Runs linear layers on a team of threads, all rows of a batch at a time.
// Threads: Run by one at a time. Owns nothing: its buffers belong to the arena of Create.
class LinearRunner {
 public:
  // Buffers for `max_rows` rows and for every kernel of `kernels`, in `arena`. `team` must outlive the runner.
  static absl::StatusOr<LinearRunner> Create(int64_t max_rows, absl::Span<const LinearKernel* const> kernels,
                                             ThreadTeam& team, Arena& arena);

  // y = layer(norm(x)), or layer(x) where `norm` is null, over `rows` rows. Rows of x and y lie as the kernel's shape
  // says, and LinearKernel::RowsTouched of the last tile may be read and written.
  absl::Status Run(int64_t rows, const LayerNormWeights* norm, const LinearLayer& layer, const float* x, std::byte* y);

  // y = layer(x) of rows of x as the kernel reads them, LinearKernel::input_row_bytes apart.
  absl::Status RunPrepared(int64_t rows, const LinearLayer& layer, const std::byte* x, std::byte* y);

  // One worker's scratch for LinearKernel::Run.
  std::byte* scratchpad(int worker) const { return scratchpads_[static_cast<size_t>(worker)]; }

 private:
  explicit LinearRunner(ThreadTeam& team) : team_(&team) {}

  // What the kernel reads for x: x itself, or x normalised and converted as it takes it.
  absl::StatusOr<const std::byte*> PrepareInput(int64_t rows, const LayerNormWeights* norm, const LinearKernel& kernel,
                                                const float* x);

  ThreadTeam* team_;
  absl::Span<float> normed_;             // [max rows, in_stride of the widest]
  absl::Span<std::byte> converted_;      // [max rows, converted_row_bytes of the widest]
  std::vector<std::byte*> scratchpads_;  // [threads]
};

}  // namespace attnd

#endif  // ENGINE_MODEL_LINEAR_LAYER_H_
