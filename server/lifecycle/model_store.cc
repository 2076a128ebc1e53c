#include "server/lifecycle/model_store.h"

#include <utility>

#include "absl/status/status.h"

namespace attnd {

absl::StatusOr<std::shared_ptr<const ServedModel>> ModelStore::Get() const {
  const absl::ReaderMutexLock lock(&mutex_);
  if (present_ == nullptr) {
    return absl::UnavailableError("this server is loading its model; call it again once its health is SERVING");
  }
  return present_->Share();
}

std::unique_ptr<ModelOwner> ModelStore::Replace(std::unique_ptr<const ServedModel> model) {
  auto owner = std::make_unique<ModelOwner>(std::move(model));
  const absl::MutexLock lock(&mutex_);
  return std::exchange(present_, std::move(owner));
}

}  // namespace attnd
