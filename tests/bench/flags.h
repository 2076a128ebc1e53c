// The command line of a benchmark.

#ifndef TESTS_BENCH_FLAGS_H_
#define TESTS_BENCH_FLAGS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/tensor/data_type.h"

namespace attnd {

// Sets the flags that are given; `--help` tells `usage` and those of the source file whose path ends with `file`, and
// exits. Errors: INVALID_ARGUMENT for what is no flag. A flag that does not exist ends the program.
absl::Status ParseBenchmarkFlags(int argc, char** argv, absl::string_view usage, absl::string_view file);

// What --dtype names: "f32", "bf16" or "int8". Errors: INVALID_ARGUMENT.
absl::StatusOr<DataType> ParseDataType(const std::string& dtype);

}  // namespace attnd

#endif  // TESTS_BENCH_FLAGS_H_
