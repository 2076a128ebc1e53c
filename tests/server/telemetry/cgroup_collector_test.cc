#include "server/telemetry/cgroup_collector.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/telemetry/exposition.h"

namespace attnd {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(CgroupCollectorTest, ALimitAndHowItWasFelt) {
  const std::string root = testing::TempDir() + "limited_cgroup";
  std::filesystem::create_directories(root);
  std::ofstream(root + "/cpu.max") << "200000 100000\n";
  std::ofstream(root + "/cpu.stat") << "nr_periods 9\nnr_throttled 4\nthrottled_usec 500000\n";
  const std::string text = Render(CgroupCollector(root));
  std::filesystem::remove_all(root);
  EXPECT_THAT(ParseSamples(text),
              UnorderedElementsAre(Pair("attnd_cgroup_cpu_limit_cores", 2), Pair("attnd_cgroup_cpu_periods_total", 9),
                                   Pair("attnd_cgroup_cpu_throttled_periods_total", 4),
                                   Pair("attnd_cgroup_cpu_throttled_seconds_total", 0.5)));
  EXPECT_THAT(text, HasSubstr("# TYPE attnd_cgroup_cpu_throttled_seconds_total counter\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE attnd_cgroup_cpu_limit_cores gauge\n"));
}

TEST(CgroupCollectorTest, WithoutALimitTheMetricsHaveNoSeries) {
  const std::string text = Render(CgroupCollector(testing::TempDir() + "no_cgroup"));
  EXPECT_THAT(ParseSamples(text), IsEmpty());
  EXPECT_THAT(text, HasSubstr("# TYPE attnd_cgroup_cpu_throttled_periods_total counter\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE attnd_cgroup_cpu_limit_cores gauge\n"));
}

}  // namespace
}  // namespace attnd
