#include "engine/model/batch_layout.h"

#include <cstdint>
#include <map>
#include <vector>

#include "engine/ops/attention.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

class BatchLayoutTest : public testing::Test {
 protected:
  void Assign(const std::vector<int64_t>& lengths, int64_t head_count, int64_t thread_count) {
    inputs_.clear();
    for (const int64_t length : lengths) inputs_.push_back({.token_count = length});
    std::vector<SequenceTask> batch;
    for (const SequenceInput& input : inputs_) batch.push_back({.input = &input});
    layout_.Assign(batch, head_count, thread_count);
  }

  std::vector<SequenceInput> inputs_;
  BatchLayout layout_;
};

TEST_F(BatchLayoutTest, RowsFollowEachOtherWithoutPadding) {
  Assign({3, 1, 5}, 2, 2);
  EXPECT_EQ(layout_.row_count(), 9);
  const std::vector<size_t> expected = {0, 0, 0, 1, 2, 2, 2, 2, 2};
  for (int64_t row = 0; row < 9; ++row) {
    EXPECT_EQ(layout_.SequenceOf(row), expected[static_cast<size_t>(row)]) << row;
  }
  EXPECT_EQ(layout_.first_row(2), 4);
}

TEST_F(BatchLayoutTest, PiecesCoverEveryRowOnceAtWholeBlocks) {
  for (const int64_t thread_count : {1, 2, 7, 64}) {
    for (const std::vector<int64_t>& lengths :
         {std::vector<int64_t>{1}, {24}, {25}, {1024}, {1, 1024, 100, 7}, std::vector<int64_t>(50, 3)}) {
      Assign(lengths, 12, thread_count);
      std::map<size_t, int64_t> covered;
      for (const AttentionPiece& piece : layout_.attention_pieces()) {
        EXPECT_EQ(piece.first_row % kAttentionBlockRows, 0);
        EXPECT_LT(piece.first_row, piece.last_row);
        covered[piece.sequence] += piece.last_row - piece.first_row;
      }
      for (size_t i = 0; i < lengths.size(); ++i) EXPECT_EQ(covered[i], lengths[i]);
    }
  }
}

TEST_F(BatchLayoutTest, ALongSequenceIsCutOnlyForMoreThreadsThanHeads) {
  Assign({1024}, 12, 2);
  EXPECT_EQ(layout_.attention_pieces().size(), 1U);
  Assign({1024}, 12, 32);
  EXPECT_GE(layout_.attention_pieces().size(), 8U);
}

TEST_F(BatchLayoutTest, WhatTakesLongestComesFirst) {
  Assign({5, 300, 40}, 4, 2);
  EXPECT_EQ(layout_.attention_pieces().front().sequence, 1U);
  EXPECT_EQ(layout_.attention_pieces().back().sequence, 0U);
}

}  // namespace
}  // namespace attnd
