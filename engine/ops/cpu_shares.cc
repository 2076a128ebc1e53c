#include "engine/ops/cpu_shares.h"

#include <sched.h>

#include <cstddef>

#include "absl/log/check.h"
#include "absl/log/log.h"

namespace attnd {
namespace {

// Where part `index` of `count` begins when `total` is cut into nearly equal parts, the larger ones first.
size_t PartStart(size_t total, size_t index, size_t count) { return (total * index + count - 1) / count; }

}  // namespace

std::vector<CpuShare> DivideCpus(absl::Span<const int> cpus, int thread_count, int share_count) {
  CHECK_GE(share_count, 1);
  CHECK_GE(thread_count, share_count);
  const auto threads = static_cast<size_t>(thread_count);
  const auto count = static_cast<size_t>(share_count);
  const bool stays = count > 1 && threads <= cpus.size();
  std::vector<CpuShare> shares(count);
  for (size_t i = 0; i < count; ++i) {
    const size_t first_thread = PartStart(threads, i, count);
    const size_t end_thread = PartStart(threads, i + 1, count);
    shares[i].thread_count = static_cast<int>(end_thread - first_thread);
    if (!stays) continue;
    // In proportion to the threads, so that none has fewer CPUs than threads.
    const size_t first = cpus.size() * first_thread / threads;
    const size_t end = cpus.size() * end_thread / threads;
    shares[i].cpus.assign(cpus.begin() + static_cast<ptrdiff_t>(first), cpus.begin() + static_cast<ptrdiff_t>(end));
  }
  return shares;
}

std::vector<int> AllowedCpus() {
  std::vector<int> cpus;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

void StayOnCpus(absl::Span<const int> cpus) {
  if (cpus.empty()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof(set), &set) != 0) LOG(WARNING) << "cannot keep a thread on the CPUs it was given";
}

}  // namespace attnd
