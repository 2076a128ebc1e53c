// What `attnd-model inspect` prints.

#ifndef CLIENT_MODEL_INSPECTION_OUTPUT_H_
#define CLIENT_MODEL_INSPECTION_OUTPUT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "client/model/inspection.h"

namespace attnd::client {

// For people: tensors that differ in their layer alone share a line.
std::string InspectionTable(const Inspection& inspection, absl::string_view sha256);

// For programs: one JSON object with every tensor, numbers as numbers.
std::string InspectionJson(const Inspection& inspection, absl::string_view sha256);

}  // namespace attnd::client

#endif  // CLIENT_MODEL_INSPECTION_OUTPUT_H_
