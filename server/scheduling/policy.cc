#include "server/scheduling/policy.h"

namespace attnd {

BatchPlan PlanBatch(absl::Span<const Request* const> waiting, int64_t max_batch_tokens) {
  BatchPlan plan;
  for (const Request* request : waiting) {
    if (request->model != waiting.front()->model) {
      plan.close_reason = CloseReason::kOtherModel;
      break;
    }
    size_t input_count = 0;
    for (size_t i = request->next_input; i < request->inputs.size(); ++i) {
      const int64_t token_count = request->inputs[i].token_count;
      if (plan.size.tokens + token_count > max_batch_tokens) {
        plan.close_reason = CloseReason::kTokenBudget;
        break;
      }
      plan.size.tokens += token_count;
      ++input_count;
    }
    if (input_count > 0) {
      plan.input_counts.push_back(input_count);
      ++plan.size.requests;
    }
    if (plan.close_reason == CloseReason::kTokenBudget) break;
  }
  return plan;
}

}  // namespace attnd
