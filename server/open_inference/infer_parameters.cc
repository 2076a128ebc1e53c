#include "server/open_inference/infer_parameters.h"

#include <limits>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/utf8.h"

namespace attnd {
namespace {

using inference::InferParameter;

std::string Describe(const InferParameter& value) {
  switch (value.parameter_choice_case()) {
    case InferParameter::kBoolParam:
      return absl::StrCat("= ", value.bool_param() ? "true" : "false", " (bool_param)");
    case InferParameter::kInt64Param:
      return absl::StrCat("= ", value.int64_param());
    case InferParameter::kStringParam:
      return absl::StrCat("= ", Quoted(value.string_param()));
    case InferParameter::kDoubleParam:
      return absl::StrCat("= ", value.double_param(), " (double_param)");
    case InferParameter::kUint64Param:
      return absl::StrCat("= ", value.uint64_param());
    case InferParameter::PARAMETER_CHOICE_NOT_SET:
      break;
  }
  return "is empty";
}

// `must` goes on from "must be ".
absl::Status Invalid(const std::string& path, const InferParameter& value, absl::string_view must) {
  return InvalidField(path, absl::StrCat(Describe(value), ", must be ", must));
}

// Nothing for a number that is not there or no int64_t.
std::optional<int64_t> IntegerIn(const InferParameter& value) {
  if (value.has_int64_param()) return value.int64_param();
  if (value.has_uint64_param() && value.uint64_param() <= uint64_t{std::numeric_limits<int64_t>::max()}) {
    return static_cast<int64_t>(value.uint64_param());
  }
  return std::nullopt;
}

absl::Status DecodePooling(const std::string& path, const InferParameter& value, std::optional<Pooling>& pooling) {
  if (value.string_param() == "last") {
    pooling = Pooling::kLast;
  } else if (value.string_param() == "mean") {
    pooling = Pooling::kMean;
  } else if (value.string_param() == "weighted_mean") {
    pooling = Pooling::kWeightedMean;
  } else {
    return Invalid(path, value, "\"last\", \"mean\" or \"weighted_mean\"");
  }
  return absl::OkStatus();
}

// Triton's numbers, of which 1 is the most urgent and 0 the default, are attnd.v1's too.
absl::Status DecodePriority(const std::string& path, const InferParameter& value, Priority& priority) {
  const std::optional<int64_t> number = IntegerIn(value);
  const std::string& name = value.string_param();
  if (name == "critical" || number == 1) {
    priority = Priority::kCritical;
  } else if (name == "high" || number == 2) {
    priority = Priority::kHigh;
  } else if (name == "normal" || number == 3 || number == 0) {
    priority = Priority::kNormal;
  } else if (name == "low" || number == 4) {
    priority = Priority::kLow;
  } else {
    return Invalid(path, value, "1 (\"critical\"), 2 (\"high\"), 3 (\"normal\") or 4 (\"low\")");
  }
  return absl::OkStatus();
}

// Microseconds; 0 sets no limit.
absl::Status DecodeTimeout(const std::string& path, const InferParameter& value, absl::Duration& timeout) {
  const std::optional<int64_t> microseconds = IntegerIn(value);
  if (!microseconds || *microseconds < 0) return Invalid(path, value, "microseconds, 0 or more");
  if (*microseconds > 0) timeout = absl::Microseconds(*microseconds);
  return absl::OkStatus();
}

template <typename Flag>
absl::Status DecodeBool(const std::string& path, const InferParameter& value, Flag& flag) {
  if (!value.has_bool_param()) return Invalid(path, value, "a bool_param");
  flag = value.bool_param();
  return absl::OkStatus();
}

// What the protocol says over HTTP of where elements are, and KServe's clients say here too: replies are as requests
// are.
absl::Status CheckBinaryData(const std::string& path, const InferParameter& value) {
  bool unused = false;
  return DecodeBool(path, value, unused);
}

absl::Status DecodePositions(const std::string& path, const InferParameter& value,
                             std::optional<Positions>& positions) {
  if (value.string_param() != "last" && value.string_param() != "all")
    return Invalid(path, value, "\"last\" or \"all\"");
  positions = value.string_param() == "all" ? Positions::kAll : Positions::kLast;
  return absl::OkStatus();
}

absl::Status DecodeCount(const std::string& path, const InferParameter& value, int64_t& count) {
  const std::optional<int64_t> number = IntegerIn(value);
  if (!number) return Invalid(path, value, "an int64_param");
  count = *number;
  return absl::OkStatus();
}

absl::Status DecodeParameter(const std::string& name, const InferParameter& value, InferParameters& parameters) {
  const std::string path = absl::StrCat("parameters[", Quoted(name), "]");
  if (name == "pooling") return DecodePooling(path, value, parameters.pooling);
  if (name == "normalize") return DecodeBool(path, value, parameters.normalize);
  if (name == "dimensions") return DecodeCount(path, value, parameters.dimensions.emplace());
  if (name == "positions") return DecodePositions(path, value, parameters.outputs.positions);
  if (name == "k") return DecodeCount(path, value, parameters.outputs.k.emplace());
  if (name == "priority") return DecodePriority(path, value, parameters.priority);
  if (name == "timeout") return DecodeTimeout(path, value, parameters.timeout);
  if (name == "truncate") return DecodeBool(path, value, parameters.truncate);
  if (name == "triton_enable_empty_final_response") return DecodeBool(path, value, parameters.final_response);
  if (name == "binary_data_output") return CheckBinaryData(path, value);
  return InvalidField(path,
                      "is not known; there are: pooling, normalize, dimensions, positions, k, priority, timeout, "
                      "truncate, triton_enable_empty_final_response, binary_data_output");
}

}  // namespace

absl::StatusOr<InferParameters> DecodeParameters(const InferParameterMap& messages) {
  InferParameters parameters;
  for (const auto& [name, value] : messages) {
    if (auto status = DecodeParameter(name, value, parameters); !status.ok()) return status;
  }
  return parameters;
}

absl::StatusOr<OutputOptions> DecodeOutputOptions(const InferParameterMap& messages, absl::string_view path,
                                                  absl::Span<const absl::string_view> names) {
  OutputOptions options;
  for (const auto& [name, value] : messages) {
    const std::string parameter = absl::StrCat(path, ".parameters[", Quoted(name), "]");
    absl::Status status;
    if (name == "binary_data") {
      status = CheckBinaryData(parameter, value);
    } else if (!absl::c_linear_search(names, name)) {
      const std::string others = names.empty() ? "" : absl::StrCat(absl::StrJoin(names, ", "), ", ");
      status = InvalidField(parameter, absl::StrCat("is not known; this output has: ", others, "binary_data"));
    } else if (name == "positions") {
      status = DecodePositions(parameter, value, options.positions);
    } else {
      status = DecodeCount(parameter, value, options.k.emplace());
    }
    if (!status.ok()) return status;
  }
  return options;
}

absl::Status CheckInputParameters(const InferParameterMap& messages, absl::string_view path, const std::string* raw) {
  for (const auto& [name, value] : messages) {
    const std::string parameter = absl::StrCat(path, ".parameters[", Quoted(name), "]");
    if (name != "binary_data_size") return InvalidField(parameter, "is not known; there is: binary_data_size");
    if (raw == nullptr) return InvalidField(parameter, "is there, and raw_input_contents are not");
    if (IntegerIn(value) != static_cast<int64_t>(raw->size())) {
      return Invalid(parameter, value, absl::StrCat(raw->size(), ", as many as its raw_input_contents have"));
    }
  }
  return absl::OkStatus();
}

}  // namespace attnd
