// How many CPUs this process may use.

#ifndef SERVER_CPU_COUNT_H_
#define SERVER_CPU_COUNT_H_

namespace attnd {

// CPUs of the affinity mask, or fewer where the cgroup (version 1 or 2) grants less time; at least 1. A container with
// --cpus=1.5 counts 1: a thread more would be stopped for half of every period.
int UsableCpuCount();

}  // namespace attnd

#endif  // SERVER_CPU_COUNT_H_
