#include "client/load/sweep.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_format.h"

namespace attnd::client {
namespace {

constexpr double kLeastShare = 0.9;
// Of the calls asked for, fewer than which is not chance where there are so many.
constexpr double kLeastDue = 0.8;
constexpr int64_t kEnoughCalls = 100;
// The knee is between two steps that differ by no more than this, in parts of the factor's logarithm.
constexpr double kResolution = 0.3;
constexpr double kLowestPerSecond = 0.01;
constexpr double kHighestPerSecond = 1e6;

}  // namespace

std::string WhyTooMuch(const LoadPoint& point, absl::Duration latency_limit) {
  if (point.due() == 0) return "";
  if (point.ok == 0) return "no call succeeded";
  if (point.due_per_second < kLeastDue * point.offered_per_second && point.due() >= kEnoughCalls) {
    return absl::StrFormat("at %.4g calls/s attnd-load itself falls behind", point.offered_per_second);
  }
  if (static_cast<double>(point.ok_in_time) < kLeastShare * static_cast<double>(point.due())) {
    return absl::StrFormat("at %.4g calls/s goodput no longer follows the load", point.offered_per_second);
  }
  const double limit = absl::ToDoubleMilliseconds(latency_limit);
  if (point.latency.p99() > limit) {
    return absl::StrFormat("at %.4g calls/s the 99th percentile of latency is above %.4g ms", point.offered_per_second,
                           limit);
  }
  return "";
}

std::optional<double> Sweep::NextRate() const {
  if (points_.empty()) return options_.first_per_second;
  if (points_.size() >= static_cast<size_t>(options_.max_steps)) return std::nullopt;
  const auto within = [](double rate) {
    return rate >= kLowestPerSecond && rate <= kHighestPerSecond ? std::optional<double>(rate) : std::nullopt;
  };
  const size_t first = FirstTooMuch();
  if (first == 0) return within(points_.front().offered_per_second / (options_.factor * options_.factor));
  if (first >= points_.size() - 1) return within(points_.back().offered_per_second * options_.factor);
  const double below = points_[first - 1].offered_per_second;
  const double above = points_[first].offered_per_second;
  if (std::log(above / below) <= kResolution * std::log(options_.factor)) return std::nullopt;
  return std::sqrt(below * above);
}

void Sweep::Add(LoadPoint point) {
  const auto place = absl::c_upper_bound(points_, point, [](const LoadPoint& a, const LoadPoint& b) {
    return a.offered_per_second < b.offered_per_second;
  });
  points_.insert(place, std::move(point));
}

Knee Sweep::knee() const {
  const size_t first = FirstTooMuch();
  size_t kept_up = first;  // one above the knee
  while (kept_up > 0 && points_[kept_up - 1].due() == 0) --kept_up;
  Knee knee = {.offered_per_second = kept_up > 0 ? points_[kept_up - 1].offered_per_second : 0,
               .reason = "not reached"};
  if (first < points_.size()) knee.reason = WhyTooMuch(points_[first], options_.latency_limit);
  return knee;
}

size_t Sweep::FirstTooMuch() const {
  const auto found = absl::c_find_if(
      points_, [this](const LoadPoint& point) { return !WhyTooMuch(point, options_.latency_limit).empty(); });
  return static_cast<size_t>(found - points_.begin());
}

}  // namespace attnd::client
