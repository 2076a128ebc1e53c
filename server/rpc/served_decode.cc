#include "server/rpc/served_decode.h"

#include <utility>

namespace attnd {

absl::StatusOr<std::shared_ptr<Request>> DecodeForServedModel(Method method, const ModelStore& models,
                                                              const CallEnvironment& environment,
                                                              DecodeForModel decode) {
  const absl::Time started_at = environment.clock.Now();
  auto model = models.Get();
  if (!model.ok()) {
    environment.metrics.OnRejected(method, RejectReason::kNotReady);
    return model.status();
  }
  auto request = decode(**model);
  if (!request.ok()) return request;
  (*request)->model = *std::move(model);
  environment.metrics.OnDecoded((*request)->method, environment.clock.Now() - started_at);
  return request;
}

}  // namespace attnd
