// What this machine can do at best: the peaks that results are compared with.

#ifndef TESTS_BENCH_MACHINE_H_
#define TESTS_BENCH_MACHINE_H_

#include "engine/ops/thread_team.h"
#include "engine/tensor/data_type.h"

namespace attnd {

// Operations a second, additions and multiplications counted singly, of all threads of `team` doing nothing but
// multiply and add in registers, in the way products of `type` are computed here. Takes about 20 ms.
double MeasurePeak(DataType type, ThreadTeam& team);

// Bytes a second that all threads of `team` read from memory far larger than the caches. Takes about 50 ms.
double MeasureReadBandwidth(ThreadTeam& team);

}  // namespace attnd

#endif  // TESTS_BENCH_MACHINE_H_
