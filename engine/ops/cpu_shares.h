// How several engines divide the CPUs between them.

#ifndef ENGINE_OPS_CPU_SHARES_H_
#define ENGINE_OPS_CPU_SHARES_H_

#include <vector>

#include "absl/types/span.h"

namespace attnd {

// Of one engine.
struct CpuShare {
  int thread_count = 1;
  std::vector<int> cpus;  // its threads stay on these; none: on any
};

// Divides `thread_count` threads and `cpus` among `share_count`, at most one for each thread. Numbers of threads differ
// by one at most. CPUs that follow each other, which are near each other, go to the same share, and to no other. An
// engine that has no other beside it, or whose threads outnumber the CPUs, gets none to stay on: the system knows
// better.
std::vector<CpuShare> DivideCpus(absl::Span<const int> cpus, int thread_count, int share_count);

// The CPUs this thread may run on, in ascending order; empty where the system does not say.
std::vector<int> AllowedCpus();

// This thread runs on `cpus` alone from now on. Does nothing when they are none, and where the system refuses: an
// affinity is a matter of speed.
void StayOnCpus(absl::Span<const int> cpus);

}  // namespace attnd

#endif  // ENGINE_OPS_CPU_SHARES_H_
