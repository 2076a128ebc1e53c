#include "tests/bench/flags.h"

#include <vector>

#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace attnd {

absl::Status ParseBenchmarkFlags(int argc, char** argv, absl::string_view usage, absl::string_view file) {
  absl::SetProgramUsageMessage(usage);
  absl::FlagsUsageConfig config;
  config.contains_help_flags = [file = std::string(file)](absl::string_view other) {
    return absl::EndsWith(other, file);
  };
  absl::SetFlagsUsageConfig(config);
  const std::vector<char*> positional = absl::ParseCommandLine(argc, argv);
  if (positional.size() == 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("unexpected argument '", positional[1], "'; flags begin with --"));
}

absl::StatusOr<DataType> ParseDataType(const std::string& dtype) {
  for (const DataType type : {DataType::kFloat32, DataType::kBfloat16, DataType::kInt8}) {
    if (DataTypeName(type) == dtype) return type;
  }
  return absl::InvalidArgumentError(absl::StrCat("--dtype=", dtype, " must be f32, bf16 or int8"));
}

}  // namespace attnd
