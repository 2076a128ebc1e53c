// The calls of a load.

#ifndef TESTS_BENCH_SERVER_SENDER_H_
#define TESTS_BENCH_SERVER_SENDER_H_

#include "absl/functional/any_invocable.h"
#include "attnd/v1/inference.pb.h"
#include "client/client.h"
#include "client/load/load_run.h"
#include "client/load/workload.h"

namespace attnd {

// Sends the workload's next Embed, and tells `observe` what its reply says of its time. The arguments must outlive the
// load.
client::SendCall Sender(client::Client& client, client::Workload& workload,
                        absl::AnyInvocable<void(const v1::Timing&) const> observe);

}  // namespace attnd

#endif  // TESTS_BENCH_SERVER_SENDER_H_
