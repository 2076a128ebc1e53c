#include "client/load/load_session.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/client.h"
#include "client/load/metrics_sampler.h"
#include "client/load/progress.h"

namespace attnd::client {
namespace {

// How long a single caller is watched to choose the first step of a sweep, and what of its rate that is.
constexpr absl::Duration kTrial = absl::Seconds(3);
constexpr double kFirstShare = 0.5;

using Clients = std::vector<std::unique_ptr<Client>>;

Clients Connect(const LoadFlags& flags) {
  Clients clients;
  for (int64_t i = 0; i < flags.channels; ++i) clients.push_back(Client::Create(flags.connection));
  return clients;
}

// Hands the outcome of a call to whoever counts it.
template <typename Response>
Client::Callback<Response> Reporting(int64_t token_count, absl::AnyInvocable<void(const Outcome&)> done) {
  return [token_count, done = std::move(done)](absl::StatusOr<Response> response) mutable {
    Outcome outcome = {.status = response.status(), .token_count = token_count, .timing = {}};
    if (response.ok()) outcome.timing = response->timing();
    done(outcome);
  };
}

// Sends the workload's requests over the clients in turn, from the first on.
SendCall Sender(const Clients& clients, const Workload& workload, bool forward) {
  return [&clients, workload = workload, forward,
          next = size_t{0}](absl::AnyInvocable<void(const Outcome&)> done) mutable {
    Client& client = *clients[next++ % clients.size()];
    if (forward) {
      v1::ForwardRequest request = workload.NextForward();
      const int64_t token_count = TokenCount(request);
      client.ForwardAsync(std::move(request), Reporting<v1::ForwardResponse>(token_count, std::move(done)));
    } else {
      v1::EmbedRequest request = workload.NextEmbed();
      const int64_t token_count = TokenCount(request);
      client.EmbedAsync(std::move(request), Reporting<v1::EmbedResponse>(token_count, std::move(done)));
    }
  };
}

std::string DescribeLoop(const LoadFlags& flags) {
  if (flags.sweep.has_value()) return absl::StrCat("sweep by ", absl::FormatDuration(flags.plan.duration), " a step");
  const auto* const open = std::get_if<OpenLoop>(&flags.plan.loop);
  return open != nullptr ? absl::StrCat("open loop of ", open->rate_per_s, " calls/s")
                         : absl::StrCat("closed loop of ", std::get<ClosedLoop>(flags.plan.loop).concurrency);
}

class Session {
 public:
  Session(const LoadFlags& flags, const Clients& clients, const Workload& workload, const std::atomic<bool>& stop)
      : flags_(flags), clients_(clients), workload_(workload), stop_(stop) {}

  // The load, or all steps of the sweep.
  void Fill(LoadRecord& record) const {
    MetricsSampler sampler(flags_.metrics_urls, flags_.metrics_interval);
    if (flags_.sweep.has_value()) {
      FillSweep(record);
    } else {
      record.points.push_back(RunOne(flags_.plan, ""));
    }
    record.samples = sampler.Stop();
  }

 private:
  void FillSweep(LoadRecord& record) const {
    SweepOptions options = *flags_.sweep;
    if (flags_.sweep_starts_by_itself) options.first_per_second = FirstRate();
    Sweep sweep(options);
    for (int number = 1; const std::optional<double> rate = sweep.NextRate(); ++number) {
      LoadPlan plan = flags_.plan;
      std::get<OpenLoop>(plan.loop).rate_per_s = *rate;
      LoadPoint point = RunOne(plan, absl::StrFormat("step %d, %.4g calls/s ", number, *rate));
      // One cut short would look like one that is too much; alone it is better than nothing.
      if (stop_ && number > 1) break;
      sweep.Add(std::move(point));
      if (stop_) break;
    }
    record.points = sweep.points();
    record.knee = sweep.knee();
  }

  // Well below what the servers can do.
  double FirstRate() const {
    const LoadPlan plan = {.loop = ClosedLoop{1}, .duration = std::min(kTrial, flags_.plan.duration)};
    return std::max(RunOne(plan, "one caller ").ok_per_second() * kFirstShare, 0.1);
  }

  LoadPoint RunOne(const LoadPlan& plan, const std::string& label) const {
    LoadStatistics statistics;
    LoadTimes times;
    {
      const Progress progress(label, plan.duration, plan.max_requests, statistics);
      times = RunLoad(plan, Sender(clients_, workload_, flags_.method == "forward"), stop_, statistics);
    }
    const auto* const open = std::get_if<OpenLoop>(&plan.loop);
    return MakeLoadPoint(statistics.result(times), open != nullptr ? open->rate_per_s : 0);
  }

  const LoadFlags& flags_;
  const Clients& clients_;
  const Workload& workload_;
  const std::atomic<bool>& stop_;
};

}  // namespace

absl::StatusOr<LoadRecord> MakeLoad(const LoadFlags& flags, const std::atomic<bool>& stop) {
  const Clients clients = Connect(flags);
  const absl::StatusOr<v1::GetModelResponse> model = clients.front()->GetModel();
  if (!model.ok()) return model.status();
  const absl::StatusOr<Workload> workload = Workload::Create(flags.workload, *model);
  if (!workload.ok()) return workload.status();
  LoadRecord record = {
      .description = {.server = flags.servers,
                      .model = model->name(),
                      .method = flags.method,
                      .loop = DescribeLoop(flags),
                      .length = flags.length,
                      .inputs_per_request = flags.workload.inputs_per_request,
                      .seed = flags.workload.seed,
                      .started = absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(), absl::UTCTimeZone())},
      .points = {},
      .knee = {},
      .samples = {}};
  Session(flags, clients, *workload, stop).Fill(record);
  return record;
}

}  // namespace attnd::client
