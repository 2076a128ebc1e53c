// What is measured: whole forward passes of the default model, and the operators they are made of.

#ifndef TESTS_BENCH_CASES_H_
#define TESTS_BENCH_CASES_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/ops/thread_team.h"
#include "tests/bench/measurement.h"
#include "tests/bench/workers.h"

namespace attnd {

// Something that can be done again and again. Owns what it works on.
struct Case {
  Work work;
  std::function<void()> run;
};

// Forward passes, hidden states of the last position out, of batches of several shapes, each worker computing its own
// at the same time as the others. `workers` must outlive them.
std::vector<Case> ForwardCases(Workers& workers);

// Linear layers, attention, layer norm and the conversion of rows, every thread of `team` computing its own copy.
std::vector<Case> OperatorCases(DataType type, ThreadTeam& team);

}  // namespace attnd

#endif  // TESTS_BENCH_CASES_H_
