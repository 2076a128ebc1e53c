// The options of a ModelInfer call.

#ifndef SERVER_OPEN_INFERENCE_INFER_PARAMETERS_H_
#define SERVER_OPEN_INFERENCE_INFER_PARAMETERS_H_

#include <google/protobuf/map.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "engine/engine.h"
#include "inference/open_inference.pb.h"
#include "server/scheduling/request.h"

namespace attnd {

using InferParameterMap = google::protobuf::Map<std::string, inference::InferParameter>;

// The options of outputs with positions.
struct OutputOptions {
  std::optional<Positions> positions;
  std::optional<int64_t> k;  // any number: not checked yet
};

struct InferParameters {
  // Of the embedding.
  std::optional<Pooling> pooling;
  std::optional<bool> normalize;
  std::optional<int64_t> dimensions;
  // Of every output that takes them and has none of its own: Triton's clients can name no others.
  OutputOptions outputs;
  // Of the call.
  Priority priority = Priority::kNormal;
  absl::Duration timeout = absl::InfiniteDuration();  // from its arrival on; above zero
  bool truncate = false;                              // texts that are too long; else they are refused
  bool final_response = false;                        // the reply shall say that it is the last to this request
};

// Threads: any, all. Errors: INVALID_ARGUMENT naming the parameter, its value and what it may be; an unknown one is
// an error.
absl::StatusOr<InferParameters> DecodeParameters(const InferParameterMap& messages);

// The parameters of an output, of which it takes those of `names`: "positions", "k". `path` is its place in the call.
absl::StatusOr<OutputOptions> DecodeOutputOptions(const InferParameterMap& messages, absl::string_view path,
                                                  absl::Span<const absl::string_view> names);

// Checks the parameters of an input: "binary_data_size" alone, which KServe's clients send. `raw` holds its elements;
// null: they are typed. `path` is its place in the call.
absl::Status CheckInputParameters(const InferParameterMap& messages, absl::string_view path, const std::string* raw);

}  // namespace attnd

#endif  // SERVER_OPEN_INFERENCE_INFER_PARAMETERS_H_
