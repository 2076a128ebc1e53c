// ModelInfer calls, as a client would send them.

#ifndef TESTS_SERVER_OPEN_INFERENCE_MESSAGES_H_
#define TESTS_SERVER_OPEN_INFERENCE_MESSAGES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "inference/open_inference.pb.h"

namespace attnd {

inline inference::ModelInferRequest::InferInputTensor& AddTensor(const std::string& name, const std::string& datatype,
                                                                 const std::vector<int64_t>& shape,
                                                                 inference::ModelInferRequest& message) {
  auto& tensor = *message.add_inputs();
  tensor.set_name(name);
  tensor.set_datatype(datatype);
  tensor.mutable_shape()->Assign(shape.begin(), shape.end());
  return tensor;
}

inline void AddInt64(const std::string& name, const std::vector<int64_t>& shape, const std::vector<int64_t>& values,
                     inference::ModelInferRequest& message) {
  auto& tensor = AddTensor(name, "INT64", shape, message);
  tensor.mutable_contents()->mutable_int64_contents()->Assign(values.begin(), values.end());
}

inline void AddBytes(const std::string& name, const std::vector<int64_t>& shape, const std::vector<std::string>& values,
                     inference::ModelInferRequest& message) {
  auto& tensor = AddTensor(name, "BYTES", shape, message);
  for (const std::string& value : values) tensor.mutable_contents()->add_bytes_contents(value);
}

inline void AddRaw(const std::string& name, const std::string& datatype, const std::vector<int64_t>& shape,
                   const std::string& bytes, inference::ModelInferRequest& message) {
  AddTensor(name, datatype, shape, message);
  message.add_raw_input_contents(bytes);
}

inline inference::ModelInferRequest::InferRequestedOutputTensor& AddOutput(const std::string& name,
                                                                           inference::ModelInferRequest& message) {
  auto& output = *message.add_outputs();
  output.set_name(name);
  return output;
}

}  // namespace attnd

#endif  // TESTS_SERVER_OPEN_INFERENCE_MESSAGES_H_
