// A whole checkpoint of anybody: config.json up to the first zero byte, model.safetensors after it. What is accepted
// can be read, every parameter of the model and no more values than the files hold.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/base/log_severity.h"
#include "absl/log/check.h"
#include "absl/log/globals.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "engine/checkpoint/gpt2_checkpoint.h"
#include "engine/model/parameters.h"
#include "tests/fuzz/memory_files.h"

namespace attnd {
namespace {

struct CheckpointFolder {
  CheckpointFolder() {
    // Warnings about odd files would fill the log.
    absl::SetStderrThreshold(absl::LogSeverityAtLeast::kError);
    folder.Link("config.json", config);
    folder.Link("model.safetensors", weights);
  }

  const MemoryFile config;
  const MemoryFile weights;
  const LinkFolder folder;
};

}  // namespace
}  // namespace attnd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const attnd::CheckpointFolder files;
  const auto input = absl::MakeConstSpan(data, size);
  const auto config_bytes = static_cast<size_t>(std::find(input.begin(), input.end(), 0) - input.begin());
  files.config.Fill(input.first(config_bytes));
  files.weights.Fill(input.subspan(std::min(config_bytes + 1, size)));
  const auto checkpoint = attnd::Gpt2Checkpoint::Open(files.folder.path());
  if (!checkpoint.ok()) return 0;
  size_t value_count = 0;
  for (const attnd::Parameter& parameter : attnd::ModelParameters((*checkpoint)->config())) {
    std::vector<float> values(static_cast<size_t>(parameter.element_count()));
    const absl::Status status = (*checkpoint)->Read(parameter.name, absl::MakeSpan(values));
    CHECK(status.ok() || absl::IsDataLoss(status)) << status;
    value_count += values.size();
  }
  CHECK_LE(2 * value_count, size);
  return 0;
}
