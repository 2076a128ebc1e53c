#include "server/lifecycle/model_store.h"

#include <utility>

#include "absl/status/status.h"

namespace attnd {

absl::StatusOr<std::shared_ptr<const ServedModel>> ModelStore::Get() const {
  const absl::ReaderMutexLock lock(&mutex_);
  if (model_ == nullptr) {
    return absl::UnavailableError("this server is loading its model; call it again once its health is SERVING");
  }
  return model_;
}

void ModelStore::Set(std::shared_ptr<const ServedModel> model) {
  const absl::MutexLock lock(&mutex_);
  model_ = std::move(model);
}

}  // namespace attnd
