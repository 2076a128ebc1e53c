// What a benchmark run found, for a person and for a program.

#ifndef TESTS_BENCH_REPORT_H_
#define TESTS_BENCH_REPORT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/bench/measurement.h"
#include "tests/bench/text_cases.h"

namespace attnd {

// The table's heading and one line of it.
std::string TableHeading();
std::string TableLine(const Measurement& measurement);

// The same of text.
std::string TextHeading();
std::string TextLine(const TextMeasurement& measurement);

// A JSON list of {"name", "dtype", "sequences", "tokens", "tokens_per_s", "gflops", "of_peak", "of_roofline"}, of text
// of
// {"name", "tokens_per_s", "mb_per_s"}, written to `path`. Errors: UNAVAILABLE when the file cannot be written.
absl::Status WriteJson(const std::vector<Measurement>& measurements, const std::vector<TextMeasurement>& texts,
                       const std::string& path);

}  // namespace attnd

#endif  // TESTS_BENCH_REPORT_H_
