// What a checkpoint holds, counted.

#ifndef CLIENT_MODEL_INSPECTION_H_
#define CLIENT_MODEL_INSPECTION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "engine/checkpoint/gpt2_checkpoint.h"
#include "engine/model/config.h"

namespace attnd::client {

struct PartSize {
  std::string part;  // "token_embedding", "attention", ...
  int64_t parameter_count = 0;
};

// Bytes of all parameters at one type.
struct TypeSize {
  std::string type;  // "f32", ...
  int64_t byte_count = 0;
};

struct TensorSummary {
  std::string name;  // as in the file
  std::string dtype;
  std::vector<int64_t> shape;
  std::string file;     // its name in the folder
  bool is_used = true;  // else the model has no such parameter, and it is ignored
};

struct Inspection {
  ModelConfig config;
  int64_t parameter_count = 0;
  std::vector<PartSize> parts;         // all of them together are all parameters
  std::vector<TypeSize> files;         // in a safetensors file, without its header
  std::vector<TypeSize> memory;        // as a server of that --dtype keeps them, without padding
  std::vector<TensorSummary> tensors;  // in the order of their names, layers in the order of their numbers
};

// Of everything but the values. Threads: any.
Inspection Inspect(const Gpt2Checkpoint& checkpoint);

}  // namespace attnd::client

#endif  // CLIENT_MODEL_INSPECTION_H_
