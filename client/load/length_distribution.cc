#include "client/load/length_distribution.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"

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
  const std::optional<LengthDistribution> distribution =
      Parse(std::vector<absl::string_view>(absl::StrSplit(text, ':')));
  if (distribution.has_value()) return *distribution;
  return absl::InvalidArgumentError(absl::StrCat(
      "'", text, "' is not a distribution of lengths: fixed:LENGTH, uniform:SHORTEST:LONGEST, lognormal:MEDIAN:SIGMA"));
}

int64_t SampleLength(const LengthDistribution& distribution, int64_t longest, std::mt19937_64& random) {
  const double length = std::visit(Sampler{random}, distribution);
  return static_cast<int64_t>(std::clamp(length, 1.0, static_cast<double>(longest)));
}

}  // namespace attnd::client
