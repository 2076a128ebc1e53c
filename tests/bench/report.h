// What a benchmark run found, for a person and for a program.

#ifndef TESTS_BENCH_REPORT_H_
#define TESTS_BENCH_REPORT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/bench/measurement.h"

namespace attnd {

// The table's heading and one line of it.
std::string TableHeading();
std::string TableLine(const Measurement& measurement);

// A JSON list of {"name", "dtype", "sequences", "tokens", "tokens_per_s", "gflops", "of_peak", "of_roofline"}, written
// to `path`. Errors: UNAVAILABLE when the file cannot be written.
absl::Status WriteJson(const std::vector<Measurement>& measurements, const std::string& path);

}  // namespace attnd

#endif  // TESTS_BENCH_REPORT_H_
