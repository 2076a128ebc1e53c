#include "server/scheduling/policy.h"

#include <memory>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PolicyTest : public testing::Test {
 protected:
  Request& Add(const std::vector<int64_t>& token_counts) {
    Request& request = *requests_.emplace_back(std::make_unique<Request>());
    for (const int64_t token_count : token_counts) request.inputs.push_back({.token_count = token_count});
    return request;
  }

  BatchPlan Plan(int64_t max_batch_tokens) {
    std::vector<const Request*> waiting;
    for (const auto& request : requests_) waiting.push_back(request.get());
    return PlanBatch(waiting, max_batch_tokens);
  }

 private:
  std::vector<std::unique_ptr<Request>> requests_;
};

TEST_F(PolicyTest, AnEmptyQueueGivesAnEmptyPlan) {
  const BatchPlan plan = Plan(10);
  EXPECT_THAT(plan.input_counts, IsEmpty());
  EXPECT_EQ(plan.size.tokens, 0);
}

TEST_F(PolicyTest, TakesEverythingThatFits) {
  Add({3, 4});
  Add({3});
  const BatchPlan plan = Plan(10);
  EXPECT_THAT(plan.input_counts, ElementsAre(2, 1));
  EXPECT_EQ(plan.size.tokens, 10);
  EXPECT_EQ(plan.size.requests, 2);
  EXPECT_EQ(plan.close_reason, CloseReason::kWorkerIdle);
}

TEST_F(PolicyTest, StopsAtTheFirstRequestForAnotherModel) {
  const auto old_model = std::make_shared<ServedModel>();
  Add({1}).model = old_model;
  Add({2}).model = old_model;
  Add({3}).model = std::make_shared<ServedModel>();
  Add({4}).model = old_model;
  const BatchPlan plan = Plan(10);
  EXPECT_THAT(plan.input_counts, ElementsAre(1, 1));
  EXPECT_EQ(plan.close_reason, CloseReason::kOtherModel);
}

TEST_F(PolicyTest, StopsAtTheFirstInputThatDoesNotFitThoughALaterOneWould) {
  Add({6});
  Add({5});
  Add({1});
  const BatchPlan plan = Plan(10);
  EXPECT_THAT(plan.input_counts, ElementsAre(1));
  EXPECT_EQ(plan.close_reason, CloseReason::kTokenBudget);
}

TEST_F(PolicyTest, SpreadsALargeRequestOverBatches) {
  Request& request = Add({6, 4, 7, 2});
  EXPECT_THAT(Plan(10).input_counts, ElementsAre(2));
  request.next_input = 2;
  const BatchPlan rest = Plan(10);
  EXPECT_THAT(rest.input_counts, ElementsAre(2));
  EXPECT_EQ(rest.size.tokens, 9);
  EXPECT_EQ(rest.close_reason, CloseReason::kWorkerIdle);
}

}  // namespace
}  // namespace attnd
