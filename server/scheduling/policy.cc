#include "server/scheduling/policy.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "absl/container/flat_hash_map.h"

namespace attnd {
namespace {

// Where a request stands; smaller goes first.
struct Place {
  size_t request = 0;
  bool waits_its_turn = true;  // rule 1
  int64_t level = 0;           // rule 2
  int64_t share = 0;           // rule 3
  int64_t turns = 0;           // rule 4
  absl::Time deadline;         // rule 5
  int64_t arrival = 0;         // rule 6

  bool operator<(const Place& other) const {
    return std::tie(waits_its_turn, level, share, turns, deadline, arrival) <
           std::tie(other.waits_its_turn, other.level, other.share, other.turns, other.deadline, other.arrival);
  }
};

// The most urgent is 0; whoever has waited long may be below.
int64_t LevelOf(const WaitingRequest& request, absl::Duration priority_ageing, absl::Time now) {
  absl::Duration rest;
  return static_cast<int64_t>(request.priority) -
         absl::IDivDuration(now - request.waiting_since, priority_ageing, &rest);
}

int64_t TokensOf(const WaitingRequest& request) {
  return std::accumulate(request.token_counts.begin(), request.token_counts.end(), int64_t{0});
}

// What a request takes from its caller's share in one turn.
int64_t TurnTokens(const WaitingRequest& request, const SchedulerLimits& limits) {
  return std::min(TokensOf(request), limits.max_batch_tokens);
}

// The order without regard to shares decides in which order the requests of a caller use up its share.
void AssignShares(absl::Span<const WaitingRequest> waiting, const SchedulerLimits& limits, std::vector<Place>& places) {
  absl::flat_hash_map<int64_t, int64_t> lead_tokens;
  for (Place& place : places) {
    const WaitingRequest& request = waiting[place.request];
    int64_t& lead = lead_tokens.try_emplace(request.caller, request.caller_lead_tokens).first->second;
    place.share = lead / limits.max_batch_tokens;
    lead += TurnTokens(request, limits);
  }
}

std::vector<Place> Order(absl::Span<const WaitingRequest> waiting, const SchedulerLimits& limits, absl::Time now) {
  std::vector<Place> places;
  places.reserve(waiting.size());
  bool several_callers = false;
  for (size_t i = 0; i < waiting.size(); ++i) {
    const WaitingRequest& request = waiting[i];
    places.push_back({.request = i,
                      .waits_its_turn = !request.goes_first,
                      .level = LevelOf(request, limits.priority_ageing, now),
                      .turns = request.turns,
                      .deadline = request.deadline,
                      .arrival = request.arrival});
    several_callers = several_callers || request.caller != waiting[0].caller;
  }
  std::sort(places.begin(), places.end());
  if (several_callers) {
    AssignShares(waiting, limits, places);
    std::sort(places.begin(), places.end());
  }
  return places;
}

// Takes what fits of `request`, whose index is given. Returns whether anything did.
bool TakeInputs(const WaitingRequest& request, size_t index, const SchedulerLimits& limits, BatchPlan& plan) {
  size_t input_count = 0;
  for (const int64_t token_count : request.token_counts) {
    if (plan.size.tokens + token_count > limits.max_batch_tokens) {
      plan.close_reason = CloseReason::kTokenBudget;
      break;
    }
    plan.size.tokens += token_count;
    ++input_count;
  }
  if (input_count == 0) return false;
  plan.slices.push_back({.request = index, .input_count = input_count});
  ++plan.size.requests;
  return true;
}

CloseReason ReasonWhenNothingIsLeft(const SchedulerLimits& limits, bool draining) {
  if (draining) return CloseReason::kDrain;
  return limits.max_queue_delay > absl::ZeroDuration() ? CloseReason::kDelay : CloseReason::kWorkerIdle;
}

}  // namespace

BatchPlan PlanBatch(absl::Span<const WaitingRequest> waiting, const SchedulerLimits& limits, absl::Time now,
                    bool draining) {
  BatchPlan plan;
  plan.close_reason = ReasonWhenNothingIsLeft(limits, draining);
  std::vector<size_t> passed_over;
  int looked_ahead = 0;
  for (const Place& place : Order(waiting, limits, now)) {
    if (plan.size.requests == limits.max_batch_requests) {
      plan.close_reason = CloseReason::kMaxRequests;
      break;
    }
    const WaitingRequest& request = waiting[place.request];
    if (!plan.slices.empty() && request.model != waiting[plan.slices.front().request].model) {
      if (plan.close_reason != CloseReason::kTokenBudget) plan.close_reason = CloseReason::kOtherModel;
      continue;
    }
    if (!passed_over.empty() && ++looked_ahead > kMaxLookAhead) break;
    if (TakeInputs(request, place.request, limits, plan)) {
      plan.overtaken = passed_over;
    } else {
      passed_over.push_back(place.request);
      if (request.times_overtaken >= kMaxTimesOvertaken) break;
    }
    if (plan.size.tokens == limits.max_batch_tokens && plan.close_reason == CloseReason::kTokenBudget) break;
  }
  return plan;
}

int64_t TokensAhead(absl::Span<const WaitingRequest> waiting, size_t index, const SchedulerLimits& limits,
                    absl::Time now) {
  int64_t token_count = 0;
  for (const Place& place : Order(waiting, limits, now)) {
    if (place.request == index) break;
    token_count += TurnTokens(waiting[place.request], limits);
  }
  return token_count;
}

absl::Time BatchDueAt(const QueueSummary& queue, const SchedulerLimits& limits) {
  const bool full = queue.size.tokens >= limits.max_batch_tokens || queue.size.requests >= limits.max_batch_requests;
  const absl::Time due_at = queue.oldest_arrival + limits.max_queue_delay;
  if (full || limits.max_queue_delay == absl::ZeroDuration() || queue.earliest_deadline <= due_at) {
    return absl::InfinitePast();
  }
  return due_at;
}

}  // namespace attnd
