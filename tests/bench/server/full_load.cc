#include <unistd.h>

#include <atomic>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "client/load/load_run.h"
#include "client/load/load_statistics.h"
#include "tests/bench/server/cases.h"
#include "tests/bench/server/cpu_times.h"
#include "tests/bench/server/sender.h"

namespace attnd {
namespace {

constexpr int kBareRepetitions = 4;

// A call of one full batch, during which all others can take their places in the queue.
class FirstCall {
 public:
  FirstCall(client::Client& client, int64_t tokens) {
    v1::EmbedRequest request;
    request.add_inputs()->mutable_token_ids()->mutable_ids()->Resize(static_cast<int>(tokens), 0);
    client.EmbedAsync(std::move(request), [this](const absl::StatusOr<v1::EmbedResponse>& response) {
      status_ = response.status();
      done_at_ = absl::Now();
      client_cpu_ = ProcessCpuTime(getpid());
      done_.Notify();
    });
  }

  absl::Status Wait() {
    done_.WaitForNotification();
    return status_;
  }

  // From its answer on only full batches are computed.
  absl::Time done_at() const { return done_at_; }
  absl::Duration client_cpu() const { return client_cpu_; }

 private:
  absl::Notification done_;
  absl::Status status_;
  absl::Time done_at_;
  absl::Duration client_cpu_;
};

}  // namespace

double MeasureIdleCpus(const ForkedServer& server) {
  constexpr absl::Duration kTime = absl::Seconds(5);
  const absl::Duration before = server.CpuTimeOutsideEngine();
  absl::SleepFor(kTime);
  return absl::FDivDuration(server.CpuTimeOutsideEngine() - before, kTime);
}

absl::StatusOr<FullLoad> MeasureFullLoad(ForkedServer& server, client::Client& client, client::Workload& workload,
                                         const BatchShape& batch, int64_t batch_count, double idle_cpus) {
  const auto bare_before = server.TimeBareBatch(batch, kBareRepetitions);
  if (!bare_before.ok()) return bare_before.status();
  const absl::Time started_at = absl::Now();
  const absl::Duration cpu_before = server.CpuTimeOutsideEngine();
  const int64_t call_count = batch_count * batch.sequences;
  std::atomic<int64_t> in_full_batches = 0;
  const auto count_batch = [&](const v1::Timing& timing) {
    if (timing.batch_tokens() == batch.all_tokens()) ++in_full_batches;
  };
  FirstCall first(client, batch.all_tokens());
  client::LoadStatistics statistics;
  client::RunLoad({.loop = client::ClosedLoop{2 * batch.sequences},
                   .duration = absl::InfiniteDuration(),
                   .max_requests = call_count},
                  Sender(client, workload, count_batch), /*stop=*/false, statistics);
  const absl::Time ended_at = absl::Now();
  const absl::Duration client_cpu = ProcessCpuTime(getpid());
  if (absl::Status status = first.Wait(); !status.ok()) return status;
  if (const int64_t ok = statistics.counts().ok; ok != call_count) {
    return absl::UnavailableError(absl::StrCat("only ", ok, " of ", call_count, " calls succeeded"));
  }
  const absl::Duration cpu = server.CpuTimeOutsideEngine() - cpu_before - idle_cpus * (absl::Now() - started_at);
  const auto bare_after = server.TimeBareBatch(batch, kBareRepetitions);
  if (!bare_after.ok()) return bare_after.status();

  const double elapsed = absl::ToDoubleSeconds(ended_at - first.done_at());
  const auto tokens = static_cast<double>(call_count * batch.tokens);
  return FullLoad{.tokens_per_second = tokens / elapsed,
                  .bare_tokens_per_second =
                      2 * static_cast<double>(batch.all_tokens()) / absl::ToDoubleSeconds(*bare_before + *bare_after),
                  .client_cpus = absl::ToDoubleSeconds(client_cpu - first.client_cpu()) / elapsed,
                  .in_full_batches = static_cast<double>(in_full_batches) / static_cast<double>(call_count),
                  .cpu_outside_engine = cpu / (call_count + 1)};
}

}  // namespace attnd
