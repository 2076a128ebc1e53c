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
#include "engine/engine.h"
#include "inference/open_inference.pb.h"
#include "server/scheduling/request.h"

namespace attnd {

using InferParameterMap = google::protobuf::Map<std::string, inference::InferParameter>;

struct InferParameters {
  // Of the embedding.
  std::optional<Pooling> pooling;
  std::optional<bool> normalize;
  std::optional<int64_t> dimensions;
  // Of the call.
  Priority priority = Priority::kNormal;
  absl::Duration timeout = absl::InfiniteDuration();  // from its arrival on; above zero
  bool truncate = false;                              // texts that are too long; else they are refused
  bool final_response = false;                        // the reply shall say that it is the last to this request
};

// Threads: any, all. Errors: INVALID_ARGUMENT naming the parameter, its value and what it may be; an unknown one is
// an error.
absl::StatusOr<InferParameters> DecodeParameters(const InferParameterMap& messages);

// The options of an output with positions.
struct OutputOptions {
  Positions positions = Positions::kLast;
  int64_t k = 1;  // any number: not checked yet
};

// Its parameter "positions" and, where it takes one, "k". `path` is the output's place in the call.
absl::StatusOr<OutputOptions> DecodeOutputOptions(const InferParameterMap& messages, absl::string_view path,
                                                  bool takes_k);

}  // namespace attnd

#endif  // SERVER_OPEN_INFERENCE_INFER_PARAMETERS_H_
