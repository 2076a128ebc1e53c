#include "server/rpc/stream_flow.h"

#include "gtest/gtest.h"

namespace attnd {
namespace {

// Reads one item, whose reply will take `reply_bytes`.
void Read(StreamFlow& flow, int64_t reply_bytes = 0) {
  ASSERT_TRUE(flow.StartRead());
  flow.Hold();
  flow.AddReplyBytes(reply_bytes);
  flow.FinishRead();
}

TEST(StreamFlowTest, ReadsOneItemAtATimeUntilItHoldsTheLimit) {
  StreamFlow flow({.max_items = 2});
  Read(flow);
  ASSERT_TRUE(flow.StartRead());
  EXPECT_FALSE(flow.StartRead());
  flow.Hold();
  flow.FinishRead();
  EXPECT_FALSE(flow.StartRead());
  flow.Release(0);
  EXPECT_TRUE(flow.StartRead());
}

TEST(StreamFlowTest, StopsReadingWhileItsRepliesTakeTooMuch) {
  StreamFlow flow({.max_items = 100, .max_reply_bytes = 10});
  Read(flow, 9);
  Read(flow, 9);
  EXPECT_FALSE(flow.StartRead());
  flow.Release(9);
  EXPECT_TRUE(flow.StartRead());
}

TEST(StreamFlowTest, WritesOneReplyAtATime) {
  StreamFlow flow({});
  ASSERT_TRUE(flow.StartWrite());
  EXPECT_FALSE(flow.StartWrite());
  flow.FinishWrite();
  EXPECT_TRUE(flow.StartWrite());
}

TEST(StreamFlowTest, EndsOnceReadsHaveEndedAndNothingIsLeft) {
  StreamFlow flow({});
  EXPECT_FALSE(flow.StartFinish());
  Read(flow);
  flow.EndReads();
  EXPECT_FALSE(flow.StartFinish());
  ASSERT_TRUE(flow.StartWrite());
  flow.Release(0);
  EXPECT_FALSE(flow.StartFinish());
  flow.FinishWrite();
  EXPECT_TRUE(flow.StartFinish());
}

TEST(StreamFlowTest, NothingStartsAfterTheEnd) {
  StreamFlow flow({});
  flow.Drain();
  ASSERT_TRUE(flow.StartFinish());
  EXPECT_FALSE(flow.StartFinish());
  EXPECT_FALSE(flow.StartRead());
  EXPECT_FALSE(flow.StartWrite());
}

TEST(StreamFlowTest, DrainingReadsNoMoreAndEndsWithoutTheClientsHalfClose) {
  StreamFlow flow({});
  Read(flow);
  flow.Drain();
  EXPECT_FALSE(flow.StartRead());
  EXPECT_FALSE(flow.StartFinish());
  flow.Release(0);
  EXPECT_TRUE(flow.StartFinish());
}

}  // namespace
}  // namespace attnd
