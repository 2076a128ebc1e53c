#include "engine/ops/linear.h"

#include <utility>

#include "absl/log/log.h"
#include "absl/strings/match.h"
#include "engine/ops/cpu.h"
#include "engine/ops/onednn_linear.h"
#include "engine/ops/panel_linear.h"

namespace attnd {

namespace {

// oneDNN is faster where its kernels read packed weights, which are those for AVX-512. Elsewhere it packs them anew in
// every call, or has nothing but its reference code (docs/decisions/0004).
bool IsFasterOnOneDnn(DataType type) {
  switch (type) {
    case DataType::kFloat32:
      return HasAvx512();
    case DataType::kBfloat16:
      return MultipliesBfloat16();
    case DataType::kInt8:
      break;
  }
  return false;
}

}  // namespace

std::unique_ptr<LinearKernel> LinearKernel::Create(const LinearShape& shape, DataType type) {
  if (IsFasterOnOneDnn(type)) {
    auto kernel = OneDnnLinear::Create(shape, type);
    if (kernel.ok() && absl::StartsWith((*kernel)->implementation(), "brg_matmul")) return *std::move(kernel);
    LOG(WARNING) << "oneDNN has no packed " << DataTypeName(type) << " product of [" << shape.in << ", " << shape.out
                 << "] for this CPU, computing it on panels: "
                 << (kernel.ok() ? (*kernel)->implementation() : kernel.status().ToString());
  }
  return std::make_unique<PanelLinear>(shape, type);
}

}  // namespace attnd
