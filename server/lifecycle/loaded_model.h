// What loading a model gives.

#ifndef SERVER_LIFECYCLE_LOADED_MODEL_H_
#define SERVER_LIFECYCLE_LOADED_MODEL_H_

#include <memory>

#include "absl/time/time.h"
#include "server/scheduling/served_model.h"

namespace attnd {

struct LoadedModel {
  std::unique_ptr<const ServedModel> model;
  absl::Duration load;     // reading, checking and packing it
  absl::Duration warm_up;  // computing with it for the first time
};

}  // namespace attnd

#endif  // SERVER_LIFECYCLE_LOADED_MODEL_H_
