#include "engine/ops/linear.h"

#include <utility>

#include "absl/log/log.h"
#include "absl/strings/match.h"
#include "engine/ops/cpu.h"
#include "engine/ops/onednn_linear.h"
#include "engine/ops/panel_linear.h"

namespace attnd {

namespace {

// oneDNN multiplies tiles of bfloat16 on AMX, which panels do not; on every other CPU panels are faster
// (docs/decisions/0004).
bool IsFasterOnOneDnn(DataType type) { return type == DataType::kBfloat16 && HasAmx(); }

}  // namespace

std::unique_ptr<LinearKernel> LinearKernel::Create(const LinearShape& shape, DataType type) {
  if (IsFasterOnOneDnn(type)) {
    auto kernel = OneDnnLinear::Create(shape);
    if (kernel.ok() && absl::StartsWith((*kernel)->implementation(), "brg_matmul")) return *std::move(kernel);
    LOG(WARNING) << "oneDNN has no packed " << DataTypeName(type) << " product of [" << shape.in << ", " << shape.out
                 << "] for this CPU, computing it on panels: "
                 << (kernel.ok() ? (*kernel)->implementation() : kernel.status().ToString());
  }
  return std::make_unique<PanelLinear>(shape, type);
}

}  // namespace attnd
