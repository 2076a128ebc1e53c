#include "client/load/length_distribution.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "client/read_file.h"

namespace attnd::client {
namespace {

// The sampled length, not yet limited; real-valued, because a lognormal one may be beyond any integer.
struct Sampler {
  std::mt19937_64& random;

  double operator()(const FixedLength& fixed) const { return static_cast<double>(fixed.length); }
  double operator()(const UniformLength& uniform) const {
    return static_cast<double>(std::uniform_int_distribution<int64_t>(uniform.shortest, uniform.longest)(random));
  }
  double operator()(const LognormalLength& lognormal) const {
    return std::round(std::lognormal_distribution<double>(std::log(lognormal.median), lognormal.sigma)(random));
  }
  double operator()(const LengthMix& mix) const {
    const double share = std::uniform_real_distribution<double>(0, mix.weights_so_far.back())(random);
    const auto place = std::ranges::upper_bound(mix.weights_so_far, share);
    const auto last = static_cast<ptrdiff_t>(mix.lengths.size()) - 1;
    return static_cast<double>(mix.lengths[static_cast<size_t>(std::min(place - mix.weights_so_far.begin(), last))]);
  }
};

std::optional<int64_t> ParseLength(absl::string_view text) {
  int64_t length = 0;
  if (!absl::SimpleAtoi(text, &length) || length < 1) return std::nullopt;
  return length;
}

std::optional<double> ParseReal(absl::string_view text) {
  double value = 0;
  if (!absl::SimpleAtod(text, &value) || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<LengthDistribution> Parse(absl::Span<const absl::string_view> parts) {
  if (parts.size() == 2 && parts[0] == "fixed") {
    const std::optional<int64_t> length = ParseLength(parts[1]);
    if (length.has_value()) return FixedLength{*length};
  }
  if (parts.size() == 3 && parts[0] == "uniform") {
    const std::optional<int64_t> shortest = ParseLength(parts[1]);
    const std::optional<int64_t> longest = ParseLength(parts[2]);
    if (shortest.has_value() && longest.has_value() && *shortest <= *longest) return UniformLength{*shortest, *longest};
  }
  if (parts.size() == 3 && parts[0] == "lognormal") {
    const std::optional<double> median = ParseReal(parts[1]);
    const std::optional<double> sigma = ParseReal(parts[2]);
    if (median.has_value() && *median >= 1 && sigma.has_value() && *sigma >= 0) return LognormalLength{*median, *sigma};
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<LengthDistribution> ParseLengthDistribution(absl::string_view text) {
  if (absl::string_view path = text; absl::ConsumePrefix(&path, "file:")) {
    const absl::StatusOr<std::string> file = ReadFile(std::string(path));
    if (!file.ok()) return file.status();
    absl::StatusOr<LengthMix> mix = ParseLengthMix(*file);
    if (!mix.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ": ", mix.status().message()));
    return *std::move(mix);
  }
  const std::optional<LengthDistribution> distribution =
      Parse(std::vector<absl::string_view>(absl::StrSplit(text, ':')));
  if (distribution.has_value()) return *distribution;
  return absl::InvalidArgumentError(absl::StrCat(
      "'", text,
      "' is not a distribution of lengths: fixed:LENGTH, uniform:SHORTEST:LONGEST, lognormal:MEDIAN:SIGMA, "
      "file:PATH"));
}

absl::StatusOr<LengthMix> ParseLengthMix(absl::string_view text) {
  LengthMix mix;
  double sum = 0;
  int64_t number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    const std::vector<absl::string_view> parts = absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    if (parts.empty() || absl::StartsWith(parts[0], "#")) continue;
    const std::optional<int64_t> length = ParseLength(parts[0]);
    const std::optional<double> weight = parts.size() == 2 ? ParseReal(parts[1]) : 1;
    if (parts.size() > 2 || !length.has_value() || !weight.has_value() || *weight <= 0 ||
        !std::isfinite(sum + *weight)) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, " must be a length from 1 on and at most a weight above 0"));
    }
    sum += *weight;
    mix.lengths.push_back(*length);
    mix.weights_so_far.push_back(sum);
  }
  if (mix.lengths.empty()) return absl::InvalidArgumentError("no length");
  return mix;
}

int64_t SampleLength(const LengthDistribution& distribution, int64_t longest, std::mt19937_64& random) {
  const double length = std::visit(Sampler{random}, distribution);
  return static_cast<int64_t>(std::clamp(length, 1.0, static_cast<double>(longest)));
}

}  // namespace attnd::client
