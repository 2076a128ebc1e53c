// How long the inputs of a load are, in tokens.

#ifndef CLIENT_LOAD_LENGTH_DISTRIBUTION_H_
#define CLIENT_LOAD_LENGTH_DISTRIBUTION_H_

#include <cstdint>
#include <random>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace attnd::client {

// Always this long.
struct FixedLength {
  int64_t length;
};

// Any length from `shortest` to `longest`, both included, equally often.
struct UniformLength {
  int64_t shortest;
  int64_t longest;
};

// Half of the lengths are below `median`; the logarithm of the length has standard deviation `sigma`.
struct LognormalLength {
  double median;
  double sigma;
};

// Each length as often as its share of all weights says.
struct LengthMix {
  std::vector<int64_t> lengths;
  std::vector<double> weights_so_far;  // [lengths] of a length and those before it, added up; rising
};

using LengthDistribution = std::variant<FixedLength, UniformLength, LognormalLength, LengthMix>;

// Reads "fixed:128", "uniform:1:512", "lognormal:MEDIAN:SIGMA" or "file:PATH".
//
// Errors: INVALID_ARGUMENT for anything else, a length below 1, a range that ends before it starts, a sigma below 0;
// those of ReadFile and ParseLengthMix.
absl::StatusOr<LengthDistribution> ParseLengthDistribution(absl::string_view text);

// Reads lines of a length and, after spaces, its weight, which is 1 where there is none: a log of lengths is a mix,
// too. Empty lines and those that begin with # are passed over. Errors: INVALID_ARGUMENT for a length below 1, a weight
// that is not above 0, naming the line, and for no length at all.
absl::StatusOr<LengthMix> ParseLengthMix(absl::string_view text);

// One length, moved into [1, longest] where it falls outside.
int64_t SampleLength(const LengthDistribution& distribution, int64_t longest, std::mt19937_64& random);

}  // namespace attnd::client

#endif  // CLIENT_LOAD_LENGTH_DISTRIBUTION_H_
