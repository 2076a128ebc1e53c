#include "client/load/length_distribution.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd::client {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

std::vector<int64_t> Sample(absl::string_view text, int64_t longest) {
  const LengthDistribution distribution = ParseLengthDistribution(text).value();
  std::mt19937_64 random(1);
  std::vector<int64_t> lengths(10'000);
  std::generate(lengths.begin(), lengths.end(), [&] { return SampleLength(distribution, longest, random); });
  std::sort(lengths.begin(), lengths.end());
  return lengths;
}

TEST(LengthDistributionTest, FixedIsAlwaysThatLong) { EXPECT_THAT(Sample("fixed:128", 1024), Each(128)); }

TEST(LengthDistributionTest, UniformCoversItsRangeEvenly) {
  const std::vector<int64_t> lengths = Sample("uniform:1:512", 1024);
  EXPECT_EQ(lengths.front(), 1);
  EXPECT_EQ(lengths.back(), 512);
  EXPECT_NEAR(static_cast<double>(lengths[lengths.size() / 2]), 256, 15);
}

TEST(LengthDistributionTest, LognormalHasItsMedianAndSpread) {
  const std::vector<int64_t> lengths = Sample("lognormal:100:0.5", 1'000'000);
  EXPECT_NEAR(static_cast<double>(lengths[lengths.size() / 2]), 100, 3);
  EXPECT_NEAR(static_cast<double>(lengths[lengths.size() * 84134 / 100'000]), 100 * std::exp(0.5), 6)
      << "one standard deviation above";
}

TEST(LengthDistributionTest, AMixHasEachLengthByItsWeight) {
  const std::string path = testing::TempDir() + "attnd_length_mix.txt";
  std::ofstream(path) << "# length weight\n8\t1\r\n\n 100 2.5\n8\n";
  const std::vector<int64_t> lengths = Sample("file:" + path, 1024);
  EXPECT_EQ(lengths.front(), 8);
  EXPECT_EQ(lengths.back(), 100);
  EXPECT_NEAR(static_cast<double>(std::count(lengths.begin(), lengths.end(), 100)), 10'000 * 2.5 / 4.5, 200);
}

TEST(LengthDistributionTest, AFileThatIsNoMixIsRefusedByItsLine) {
  for (const char* text : {"8\nx", "8\n0", "8\n8 0", "8\n8 1 1", "8\n8 nan", "8\n-8"}) {
    EXPECT_EQ(ParseLengthMix(text).status().message(), "line 2 must be a length from 1 on and at most a weight above 0")
        << text;
  }
  EXPECT_EQ(ParseLengthMix("# nothing").status().message(), "no length");
  EXPECT_EQ(ParseLengthDistribution("file:/not/there").status().code(), absl::StatusCode::kNotFound);
}

TEST(LengthDistributionTest, LengthsStayWithinTheLimit) {
  EXPECT_THAT(Sample("fixed:128", 16), Each(16));
  EXPECT_EQ(Sample("lognormal:100:3", 200).back(), 200);
  EXPECT_EQ(Sample("lognormal:1:9", 200).front(), 1);
}

TEST(LengthDistributionTest, AnythingElseIsRefused) {
  for (const char* text : {"", "128", "fixed", "fixed:0", "fixed:1:2", "uniform:5:4", "uniform:0:4", "lognormal:0:1",
                           "lognormal:10:-1", "lognormal:nan:1", "zipf:3:4", "fixed:1x"}) {
    EXPECT_THAT(ParseLengthDistribution(text).status().message(), HasSubstr("is not a distribution of lengths"))
        << text;
  }
}

}  // namespace
}  // namespace attnd::client
