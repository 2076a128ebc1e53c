#include "client/load/server_metrics.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd::client {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr char kText[] = R"(# HELP attnd_batch_tokens Tokens in a batch, at its start.
# TYPE attnd_batch_tokens histogram
attnd_batch_tokens_count 4
attnd_batch_tokens_sum 512
attnd_batch_requests_sum 8
attnd_queue_wait_seconds_count{method="Embed"} 6
attnd_queue_wait_seconds_sum{method="Embed"} 0.5
attnd_queue_wait_seconds_bucket{method="Embed",le="0.1"} 5
attnd_queue_wait_seconds_bucket{method="Embed",le="0.2"} 6
attnd_queue_wait_seconds_bucket{method="Embed",le="+Inf"} 6
attnd_queue_wait_seconds_count{method="Forward"} 4
attnd_queue_wait_seconds_sum{method="Forward"} 0.5
attnd_queue_wait_seconds_bucket{method="Forward",le="0.1"} 4
attnd_queue_wait_seconds_bucket{method="Forward",le="0.2"} 4
attnd_queue_wait_seconds_bucket{method="Forward",le="+Inf"} 4
attnd_queue_requests{priority="high"} 1
attnd_queue_requests{priority="low"} 2
)";

TEST(ServerMetricsTest, SeriesAreAddedUpOverTheirLabels) {
  const auto metrics = ParseServerMetrics(kText);
  ASSERT_TRUE(metrics.ok()) << metrics.status();
  EXPECT_EQ(metrics->batches, 4);
  EXPECT_EQ(metrics->queue_count, 10);
  EXPECT_EQ(metrics->queue_seconds, 1);
  EXPECT_EQ(metrics->queue_requests, 3);
  EXPECT_THAT(metrics->queue_buckets,
              ElementsAre(Pair(0.1, 9), Pair(0.2, 10), Pair(std::numeric_limits<double>::infinity(), 10)));
}

TEST(ServerMetricsTest, ASampleTellsOfTheTimeBetweenTwoScrapes) {
  const ServerMetrics metrics = ParseServerMetrics(kText).value();
  ServerMetrics later = metrics;
  later.Add(metrics);
  const ServerSample sample = MakeServerSample(later.Since(metrics), absl::Seconds(2), absl::Seconds(7));
  EXPECT_EQ(sample.seconds, 7);
  EXPECT_EQ(sample.batches_per_second, 2);
  EXPECT_EQ(sample.mean_batch_tokens, 128);
  EXPECT_EQ(sample.mean_batch_requests, 2);
  EXPECT_EQ(sample.mean_queue_ms, 100);
  EXPECT_NEAR(sample.p99_queue_ms, 190, 1e-9) << "nine of ten within 0.1 s, and the tenth within 0.2 s";
  EXPECT_EQ(sample.queue_requests, 6);
}

TEST(ServerMetricsTest, ATimeWithoutBatchesIsZero) {
  const ServerMetrics metrics = ParseServerMetrics(kText).value();
  const ServerSample sample = MakeServerSample(metrics.Since(metrics), absl::Seconds(1), absl::Seconds(1));
  EXPECT_EQ(sample.mean_batch_tokens, 0);
  EXPECT_EQ(sample.p99_queue_ms, 0);
}

TEST(ServerMetricsTest, OtherPagesAreNone) {
  for (const char* text : {"", "<html>404</html>", "attnd_batch_tokens_count x", "attnd_batch_tokens_count 4"}) {
    EXPECT_EQ(ParseServerMetrics(text).status().code(), absl::StatusCode::kNotFound) << text;
  }
}

}  // namespace
}  // namespace attnd::client
