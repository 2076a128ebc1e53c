#include "engine/ops/cpu.h"

#include <xmmintrin.h>

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "dnnl.hpp"
#include "hwy/targets.h"

// libgomp's two entry points. <omp.h> would add nothing and is not where clang-tidy looks.
extern "C" void omp_set_num_threads(int count);
extern "C" int omp_get_max_threads();

namespace attnd {
namespace {

// Flush-to-zero and denormals-are-zero, Intel SDM volume 1, 10.2.3.
constexpr unsigned int kFlushDenormals = 0x8040;

std::string IsaName(dnnl::cpu_isa isa) {
  switch (isa) {
    case dnnl::cpu_isa::sse41:
      return "sse41";
    case dnnl::cpu_isa::avx:
      return "avx";
    case dnnl::cpu_isa::avx2:
      return "avx2";
    case dnnl::cpu_isa::avx2_vnni:
      return "avx2_vnni";
    case dnnl::cpu_isa::avx2_vnni_2:
      return "avx2_vnni_2";
    case dnnl::cpu_isa::avx512_core:
      return "avx512_core";
    case dnnl::cpu_isa::avx512_core_vnni:
      return "avx512_core_vnni";
    case dnnl::cpu_isa::avx512_core_bf16:
      return "avx512_core_bf16";
    case dnnl::cpu_isa::avx512_core_fp16:
      return "avx512_core_fp16";
    case dnnl::cpu_isa::avx512_core_amx:
      return "avx512_core_amx";
    case dnnl::cpu_isa::avx512_core_amx_fp16:
      return "avx512_core_amx_fp16";
    default:
      return absl::StrCat("isa_", static_cast<int>(isa));
  }
}

bool Includes(dnnl::cpu_isa isa, dnnl::cpu_isa part) {
  return (static_cast<unsigned int>(isa) & static_cast<unsigned int>(part)) == static_cast<unsigned int>(part);
}

// Caps Highway where oneDNN is capped, so that one variable selects the fallback of everything.
void CapVectorTarget(dnnl::cpu_isa isa) {
  int64_t allowed = hwy::SupportedTargets();
  // A lower bit is a better target.
  if (!Includes(isa, dnnl::cpu_isa::avx512_core_bf16)) allowed &= ~(HWY_AVX3_DL - 1);
  if (!Includes(isa, dnnl::cpu_isa::avx512_core_vnni)) allowed &= ~(HWY_AVX3 - 1);
  if (!Includes(isa, dnnl::cpu_isa::avx512_core)) allowed &= ~(HWY_AVX2 - 1);
  if (!Includes(isa, dnnl::cpu_isa::avx2)) allowed &= ~(HWY_SSE4 - 1);
  hwy::SetSupportedTargetsForTest(allowed);
}

CpuDescription Detect() {
  const dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();
  CapVectorTarget(isa);
  const int64_t targets = hwy::SupportedTargets();
  const dnnl_version_t* version = dnnl::version();
  return {.isa = IsaName(isa),
          .vector_target = hwy::TargetName(targets & -targets),
          .onednn_version = absl::StrCat(version->major, ".", version->minor, ".", version->patch)};
}

}  // namespace

const CpuDescription& DescribeCpu() {
  static const CpuDescription* description = new CpuDescription(Detect());
  return *description;
}

bool HasAmx() { return Includes(dnnl::get_effective_cpu_isa(), dnnl::cpu_isa::avx512_core_amx); }

bool MultipliesBfloat16() { return Includes(dnnl::get_effective_cpu_isa(), dnnl::cpu_isa::avx512_core_bf16); }

ComputeThreadScope::ComputeThreadScope()
    : saved_control_register_(_mm_getcsr()), saved_openmp_threads_(omp_get_max_threads()) {
  DescribeCpu();
  _mm_setcsr(saved_control_register_ | kFlushDenormals);
  omp_set_num_threads(1);
}

ComputeThreadScope::~ComputeThreadScope() {
  _mm_setcsr(saved_control_register_);
  omp_set_num_threads(saved_openmp_threads_);
}

}  // namespace attnd
