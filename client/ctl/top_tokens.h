// The likeliest next tokens of one row of logits.

#ifndef CLIENT_CTL_TOP_TOKENS_H_
#define CLIENT_CTL_TOP_TOKENS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace attnd::client {

struct TokenScore {
  int64_t id = 0;
  float logit = 0;
  // Natural logarithm of the token's probability under the softmax of the whole row.
  double log_probability = 0;
};

// The `count` largest logits, largest first, of two equal ones the lower id; all of them when there are fewer.
std::vector<TokenScore> TopTokens(absl::Span<const float> logits, size_t count);

}  // namespace attnd::client

#endif  // CLIENT_CTL_TOP_TOKENS_H_
