// The CPU time that this process's cgroup may use, and how often it had to wait for more.

#ifndef SERVER_CGROUP_CPU_H_
#define SERVER_CGROUP_CPU_H_

#include <optional>
#include <string>

namespace attnd {

struct CgroupCpu {
  double limit_cores = 0;  // above zero
  // Since the cgroup exists.
  double periods = 0;            // in which something of it ran, typically 0.1 s each
  double throttled_periods = 0;  // in which it used up its time
  double throttled_seconds = 0;  // of its threads waiting for the next one, added up
};

// Reads version 2, else version 1, below `root`. Inside a container the process's own cgroup is the root of what it
// sees. Nothing where there is no limit, or none that can be read. Threads: any.
std::optional<CgroupCpu> ReadCgroupCpu(const std::string& root = "/sys/fs/cgroup");

}  // namespace attnd

#endif  // SERVER_CGROUP_CPU_H_
