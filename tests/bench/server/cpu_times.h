// CPU time that processes and threads have used, to the nanosecond.

#ifndef TESTS_BENCH_SERVER_CPU_TIMES_H_
#define TESTS_BENCH_SERVER_CPU_TIMES_H_

#include <sys/types.h>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace attnd {

// Of the calling thread.
absl::Duration ThreadCpuTime();

// Of all threads of a process, those that have ended included.
absl::Duration ProcessCpuTime(pid_t process);

// Of the living threads of a process whose names begin with `name`.
absl::Duration ThreadsCpuTime(pid_t process, absl::string_view name);

}  // namespace attnd

#endif  // TESTS_BENCH_SERVER_CPU_TIMES_H_
