// How long the inputs of a load are, in tokens.

#ifndef CLIENT_LOAD_LENGTH_DISTRIBUTION_H_
#define CLIENT_LOAD_LENGTH_DISTRIBUTION_H_

#include <cstdint>
#include <random>
#include <variant>

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

using LengthDistribution = std::variant<FixedLength, UniformLength, LognormalLength>;

// Reads "fixed:128", "uniform:1:512" or "lognormal:MEDIAN:SIGMA".
//
// Errors: INVALID_ARGUMENT for anything else, a length below 1, a range that ends before it starts, a sigma below 0.
absl::StatusOr<LengthDistribution> ParseLengthDistribution(absl::string_view text);

// One length, moved into [1, longest] where it falls outside.
int64_t SampleLength(const LengthDistribution& distribution, int64_t longest, std::mt19937_64& random);

}  // namespace attnd::client

#endif  // CLIENT_LOAD_LENGTH_DISTRIBUTION_H_
