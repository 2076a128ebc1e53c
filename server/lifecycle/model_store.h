// The model being served: what calls are checked against and computed by.

#ifndef SERVER_LIFECYCLE_MODEL_STORE_H_
#define SERVER_LIFECYCLE_MODEL_STORE_H_

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/lifecycle/model_owner.h"
#include "server/scheduling/served_model.h"

namespace attnd {

// Threads: any.
class ModelStore {
 public:
  // The model for calls that arrive now. UNAVAILABLE while the first one is being loaded.
  absl::StatusOr<std::shared_ptr<const ServedModel>> Get() const;

  // Serves `model` from now on. Returns the one before, null for the first; calls accepted before may still use it.
  std::unique_ptr<ModelOwner> Replace(std::unique_ptr<const ServedModel> model);

 private:
  mutable absl::Mutex mutex_;
  std::unique_ptr<ModelOwner> present_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace attnd

#endif  // SERVER_LIFECYCLE_MODEL_STORE_H_
