#include "client/ctl/top_tokens.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/algorithm/container.h"

namespace attnd::client {
namespace {

// log(sum(exp(x))), the largest x taken out first so that no exponential overflows. Requires a non-empty span.
double LogSumExp(absl::Span<const float> values) {
  const double largest = *absl::c_max_element(values);
  double sum = 0;
  for (const float value : values) sum += std::exp(value - largest);
  return largest + std::log(sum);
}

}  // namespace

std::vector<TokenScore> TopTokens(absl::Span<const float> logits, size_t count) {
  if (logits.empty()) return {};
  std::vector<size_t> ids(logits.size());
  std::iota(ids.begin(), ids.end(), size_t{0});
  count = std::min(count, ids.size());
  std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(count), ids.end(),
                    [&](size_t a, size_t b) { return logits[a] > logits[b] || (logits[a] == logits[b] && a < b); });

  const double log_total = LogSumExp(logits);
  std::vector<TokenScore> top;
  for (size_t i = 0; i < count; ++i) {
    const float logit = logits[ids[i]];
    top.push_back({static_cast<int64_t>(ids[i]), logit, logit - log_total});
  }
  return top;
}

}  // namespace attnd::client
