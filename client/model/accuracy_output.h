// What `attnd-model accuracy` prints.

#ifndef CLIENT_MODEL_ACCURACY_OUTPUT_H_
#define CLIENT_MODEL_ACCURACY_OUTPUT_H_

#include <string>
#include <vector>

#include "client/model/accuracy.h"
#include "engine/tensor/data_type.h"

namespace attnd::client {

struct TypeAccuracy {
  DataType type = DataType::kFloat32;
  Accuracy accuracy;
};

// For people.
std::string AccuracyTable(const std::vector<TypeAccuracy>& types);

// For programs: one JSON object, by the name of the type.
std::string AccuracyJson(const std::vector<TypeAccuracy>& types);

}  // namespace attnd::client

#endif  // CLIENT_MODEL_ACCURACY_OUTPUT_H_
