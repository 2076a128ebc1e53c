// Owns a model that others use for a while.

#ifndef SERVER_LIFECYCLE_MODEL_OWNER_H_
#define SERVER_LIFECYCLE_MODEL_OWNER_H_

#include <memory>

#include "absl/synchronization/notification.h"
#include "server/scheduling/served_model.h"

namespace attnd {

// Frees the model on the thread of its owner, not on that of its last user: ending threads and unmapping gigabytes
// would hold up a batcher. Threads: Share by any.
class ModelOwner {
 public:
  explicit ModelOwner(std::unique_ptr<const ServedModel> model);
  // Waits until nobody uses the model any more.
  ~ModelOwner();
  ModelOwner(const ModelOwner&) = delete;
  ModelOwner& operator=(const ModelOwner&) = delete;

  // The model, in use as long as the result or a copy of it exists.
  std::shared_ptr<const ServedModel> Share() const { return shared_; }

 private:
  const std::unique_ptr<const ServedModel> model_;
  absl::Notification unused_;
  std::shared_ptr<const ServedModel> shared_;
};

}  // namespace attnd

#endif  // SERVER_LIFECYCLE_MODEL_OWNER_H_
