#include "client/ctl/similar.h"

#include <cmath>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace attnd::client {
namespace {

using ::nlohmann::json;
using ::testing::DoubleNear;

TextLines Lines(const std::string& text) {
  const std::string path = testing::TempDir() + "similar_lines.txt";
  std::ofstream(path, std::ios::binary) << text;
  return TextLines::Read(path, /*is_bytes=*/true).value();
}

TEST(CosineTest, IsThatOfTheAngle) {
  EXPECT_THAT(Cosine({1, 0}, {2, 0}), DoubleNear(1, 1e-15));
  EXPECT_THAT(Cosine({1, 1}, {-3, 3}), DoubleNear(0, 1e-15));
  EXPECT_THAT(Cosine({1, 2}, {-1, -2}), DoubleNear(-1, 1e-15));
  EXPECT_THAT(Cosine({3e38F, 3e38F}, {1, 0}), DoubleNear(std::sqrt(0.5), 1e-7));
}

TEST(CosineTest, OfZerosIsZeroAndOfWhatIsNotFiniteIsNoNumber) {
  EXPECT_EQ(Cosine({0, 0}, {1, 2}), 0);
  EXPECT_TRUE(std::isnan(Cosine({std::numeric_limits<float>::infinity(), 1}, {1, 2})));
}

TEST(BestMatchesTest, AreTheLargestFirstAndOfEqualOnesTheEarlierLine) {
  const std::vector<Match> matches = BestMatches({0.5, 0.9, -1, 0.9, 0.7}, 3);
  ASSERT_EQ(matches.size(), 3U);
  EXPECT_EQ(matches[0].line, 1U);
  EXPECT_EQ(matches[1].line, 3U);
  EXPECT_EQ(matches[2].line, 4U);
  EXPECT_EQ(matches[2].cosine, 0.7);
  EXPECT_EQ(BestMatches({0.5}, 10).size(), 1U);
  EXPECT_TRUE(BestMatches({}, 10).empty());
}

TEST(MatchesTest, AreALineEach) {
  const TextLines lines = Lines("one\ntwo\t2\n" + std::string(200, 'x') + "\n");
  EXPECT_EQ(MatchesTable({{1, 0.98765}, {2, -0.5}}, lines),
            " cosine  line  text\n"
            " 0.9877     2  two\\x092\n"
            "-0.5000     3  " +
                std::string(100, 'x') + "...\n");
}

TEST(MatchesTest, AsJsonHaveWholeLinesBytesAsDigits) {
  const json output = json::parse(MatchesJson({{1, 0.5}, {0, 0.25}}, Lines("a\xff\nb \"c\"\n")));
  EXPECT_EQ(output["line_count"], 2);
  EXPECT_EQ(output["matches"], json({{{"line", 2}, {"cosine", 0.5}, {"text", "b \"c\""}},
                                     {{"line", 1}, {"cosine", 0.25}, {"text_bytes", "61ff"}}}));
}

}  // namespace
}  // namespace attnd::client
