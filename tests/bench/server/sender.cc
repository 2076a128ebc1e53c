#include "tests/bench/server/sender.h"

#include <memory>
#include <utility>

#include "client/load/load_statistics.h"

namespace attnd {

client::SendCall Sender(client::Client& client, client::Workload& workload,
                        absl::AnyInvocable<void(const v1::Timing&) const> observe) {
  return [&client, &workload, observe = std::make_shared<decltype(observe)>(std::move(observe))](
             absl::AnyInvocable<void(const client::Outcome&)> done) {
    v1::EmbedRequest request = workload.NextEmbed();
    const int64_t token_count = client::TokenCount(request);
    client.EmbedAsync(std::move(request), [observe, token_count, done = std::move(done)](
                                              const absl::StatusOr<v1::EmbedResponse>& response) mutable {
      client::Outcome outcome = {.status = response.status(), .token_count = token_count, .timing = {}};
      if (response.ok()) {
        outcome.timing = response->timing();
        (*observe)(outcome.timing);
      }
      done(outcome);
    });
  };
}

}  // namespace attnd
