// What was found, for a person and for a program.

#ifndef TESTS_BENCH_SERVER_REPORT_H_
#define TESTS_BENCH_SERVER_REPORT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace attnd {

struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
  // What is wanted of it, where something is.
  std::optional<double> at_most;
  std::optional<double> at_least;
};

std::string FiguresTable(const std::vector<Figure>& figures);

// A JSON list of {"name", "value", "unit", "at_most" or "at_least"}, written to `path`. Errors: UNAVAILABLE when the
// file cannot be written.
absl::Status WriteFigures(const std::vector<Figure>& figures, const std::string& path);

}  // namespace attnd

#endif  // TESTS_BENCH_SERVER_REPORT_H_
