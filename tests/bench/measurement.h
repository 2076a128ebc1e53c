// One measured thing, and what it says of the machine.

#ifndef TESTS_BENCH_MEASUREMENT_H_
#define TESTS_BENCH_MEASUREMENT_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/tensor/data_type.h"

namespace attnd {

// The middle one; the mean of both for an even number.
inline double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// Work that is timed: what it does, and what it has to read.
struct Work {
  std::string name;   // such as "forward" or "linear 768x3072 panels"
  std::string batch;  // such as "8 x 128", for a person
  DataType type = DataType::kFloat32;
  int64_t sequences = 1;
  int64_t tokens = 0;     // of one sequence, or the mean where lengths differ
  double all_tokens = 0;  // of all sequences
  double flops = 0;
  double weight_bytes = 0;  // read from memory once
};

// Medians over repetitions; shares are taken repetition by repetition, each with the peaks measured next to it.
struct Measurement {
  Work work;
  double seconds = 0;
  double gflops = 0;       // 1e9 operations a second
  double of_peak = 0;      // of the peak for the type
  double of_roofline = 0;  // max(flops / peak, bytes / bandwidth) over the time it took
  double tokens_per_second() const { return work.all_tokens / seconds; }
};

}  // namespace attnd

#endif  // TESTS_BENCH_MEASUREMENT_H_
