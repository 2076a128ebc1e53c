// What this CPU can do, and how a thread is set up to compute on it.

#ifndef ENGINE_OPS_CPU_H_
#define ENGINE_OPS_CPU_H_

#include <string>

namespace attnd {

struct CpuDescription {
  std::string isa;             // oneDNN's name: "avx2", "avx512_core", "avx512_core_bf16", ...
  std::string vector_target;   // Highway's name: "AVX2", "AVX3_ZEN4", ...
  std::string onednn_version;  // "3.7.2"
};

// Detects the CPU once. The environment variable ONEDNN_MAX_CPU_ISA caps what oneDNN dispatches to; Highway, which
// computes attention and layer norm, is capped alike. Threads: any.
const CpuDescription& DescribeCpu();

// Whether this CPU has an instruction for products of bfloat16 vectors, and whether it has one for tiles of them, under
// the cap. Threads: any.
bool MultipliesBfloat16();
bool HasAmx();

// Makes this thread compute alone and predictably while in scope: oneDNN primitives created or executed on it use no
// other thread, and denormal floats count as zero, which also spares their slow path.
class ComputeThreadScope {
 public:
  ComputeThreadScope();
  ~ComputeThreadScope();
  ComputeThreadScope(const ComputeThreadScope&) = delete;
  ComputeThreadScope& operator=(const ComputeThreadScope&) = delete;

 private:
  unsigned int saved_control_register_;
  int saved_openmp_threads_;
};

}  // namespace attnd

#endif  // ENGINE_OPS_CPU_H_
