#include "server/lifecycle/model_owner.h"

#include <utility>

namespace attnd {

ModelOwner::ModelOwner(std::unique_ptr<const ServedModel> model)
    : model_(std::move(model)), shared_(model_.get(), [this](const ServedModel* /*model*/) { unused_.Notify(); }) {}

ModelOwner::~ModelOwner() {
  shared_ = nullptr;
  unused_.WaitForNotification();
}

}  // namespace attnd
