// What `attndctl model` prints.

#ifndef CLIENT_CTL_MODEL_OUTPUT_H_
#define CLIENT_CTL_MODEL_OUTPUT_H_

#include <string>

#include "attnd/v1/inference.pb.h"

namespace attnd::client {

// For people.
std::string ModelTable(const v1::GetModelResponse& model);

// For programs: one JSON object, named as in the protocol, numbers as numbers.
std::string ModelJson(const v1::GetModelResponse& model);

}  // namespace attnd::client

#endif  // CLIENT_CTL_MODEL_OUTPUT_H_
