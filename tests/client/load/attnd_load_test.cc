// The program attnd-load, run as a user runs it.

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/client/fake_server.h"
#include "tests/client/subprocess.h"
#include "tests/engine/files/temporary_folder.h"

namespace attnd::client {
namespace {

using ::nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

ProgramResult AttndLoad(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), ATTND_LOAD);
  return RunProgram(arguments);
}

class AttndLoadTest : public testing::Test {
 protected:
  ProgramResult Load(std::vector<std::string> arguments) {
    arguments.push_back("--server=" + server_.target());
    return AttndLoad(std::move(arguments));
  }

  FakeServer server_;
};

TEST_F(AttndLoadTest, AClosedLoopReportsTheCallsAskedFor) {
  const ProgramResult result = Load({"--requests=50", "--concurrency=4", "--json=-"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const json report = json::parse(result.out);
  EXPECT_EQ(report["sent"], 50);
  EXPECT_EQ(report["ok"], 50);
  EXPECT_EQ(report["ok_tokens"], 50 * 16) << "128 tokens, cut to the model's 16";
  EXPECT_EQ(report["calls_by_code"], json({{"OK", 50}}));
  EXPECT_GT(report["latency_ms"]["p50"], 0);
  EXPECT_NEAR(report["queue_ms"]["p50"], 1, 0.01);
}

TEST_F(AttndLoadTest, AnOpenLoopReportsTheCallsAskedFor) {
  const ProgramResult result =
      Load({"--requests=50", "--rate_per_s=2000", "--method=forward", "--channels=2", "--json=-"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const json report = json::parse(result.out);
  EXPECT_EQ(report["ok"], 50);
  EXPECT_EQ(report["not_sent"], 0);
  EXPECT_EQ(server_.service().last_forward().logits(), v1::POSITIONS_LAST);
}

TEST_F(AttndLoadTest, RefusedCallsAreCountedByTheNameOfTheirCode) {
  server_.service().AnswerWith(std::vector(20, grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "full")));
  const std::string path = testing::TempDir() + "attnd_load_report.json";
  const ProgramResult result = Load({"--requests=50", "--concurrency=4", "--json=" + path});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("RESOURCE_EXHAUSTED     20\n"));
  std::ifstream file(path);
  EXPECT_EQ(json::parse(file)["calls_by_code"], json({{"OK", 30}, {"RESOURCE_EXHAUSTED", 20}}));
}

TEST_F(AttndLoadTest, ExitsWithOneWhenNoCallSucceeds) {
  server_.service().AnswerWith(std::vector(10, grpc::Status(grpc::StatusCode::INTERNAL, "broken")));
  EXPECT_EQ(Load({"--requests=10", "--concurrency=1"}).exit_code, 1);
}

TEST_F(AttndLoadTest, AnInterruptEndsItWithAReport) {
  Subprocess load({ATTND_LOAD, "--concurrency=1", "--duration_s=600", "--json=-", "--server=" + server_.target()});
  // A call arrives only after the handler is in place.
  while (server_.service().last_embed().inputs().empty()) std::this_thread::yield();
  load.Signal(SIGINT);
  const ProgramResult result = load.Wait();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_GE(json::parse(result.out)["ok"], 1);
}

TEST_F(AttndLoadTest, ASweepFindsTheKneeAndWritesEveryReport) {
  const std::string base = testing::TempDir() + "attnd_load_sweep";
  const ProgramResult result =
      Load({"--sweep", "--rate_per_s=50", "--sweep_factor=20", "--duration_s=0.2", "--latency_limit_ms=1e-3",
            "--json=" + base + ".json", "--csv=" + base + ".csv", "--html=" + base + ".html"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("knee: below the lowest load; "));
  std::ifstream file(base + ".json");
  const json report = json::parse(file);
  EXPECT_GT(report["points"].size(), 1);
  EXPECT_EQ(report["knee"]["offered_per_second"], 0);
  for (const char* extension : {".csv", ".html"}) EXPECT_TRUE(std::ifstream(base + extension).good());
  const ProgramResult comparison = AttndLoad({"compare", base + ".json", base + ".json", "--html=" + base + ".html"});
  EXPECT_EQ(comparison.exit_code, 0) << comparison.err;
  EXPECT_THAT(comparison.out, HasSubstr("latency p99, ms"));
}

TEST_F(AttndLoadTest, LengthsComeFromAFile) {
  const std::string path = testing::TempDir() + "attnd_load_lengths.txt";
  std::ofstream(path) << "# tokens\n3\n";
  const ProgramResult result = Load({"--requests=10", "--concurrency=1", "--length=file:" + path, "--json=-"});
  EXPECT_EQ(json::parse(result.out)["ok_tokens"], 30);
}

TEST_F(AttndLoadTest, SeveralServersShareTheCalls) {
  FakeServer other;
  // Until both are connected.
  while (other.service().call_count() == 0 || server_.service().call_count() == 0) {
    const ProgramResult result =
        AttndLoad({"--requests=100", "--concurrency=1", "--server=" + server_.target() + "," + other.target()});
    EXPECT_EQ(result.exit_code, 0) << result.err;
  }
}

TEST_F(AttndLoadTest, NoLoadIsMadeForAReportThatCannotBeWritten) {
  for (const std::string flag : {"--json", "--csv", "--html"}) {
    const ProgramResult result = Load({"--requests=1", "--concurrency=1", flag + "=/not/there/report"});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, HasSubstr("/not/there"));
  }
  EXPECT_EQ(server_.service().call_count(), 0);
}

TEST_F(AttndLoadTest, OutputThatCannotBeWrittenIsAnError) {
  const TemporaryFolder folder;
  const std::string report = folder.path() + "/report.json";
  const auto to_full_device = [&](const std::string& arguments) {
    return RunProgram({"/bin/sh", "-c", absl::StrCat("exec " ATTND_LOAD " ", arguments, " > /dev/full")});
  };
  const ProgramResult load =
      to_full_device("--requests=1 --concurrency=1 --json=" + report + " --server=" + server_.target());
  EXPECT_EQ(load.exit_code, 1);
  EXPECT_THAT(load.err, HasSubstr("standard output cannot be written"));
  EXPECT_TRUE(std::filesystem::exists(report)) << "what can be written is";
  EXPECT_EQ(to_full_device("compare " + report + " " + report).exit_code, 1);
}

TEST(AttndLoadWithoutServerTest, AServerThatIsNotThereIsReported) {
  const ProgramResult result = AttndLoad({"--concurrency=1", "--server=" + UnusedTarget()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, StartsWith("attnd-load: UNAVAILABLE: "));
}

TEST(AttndLoadWithoutServerTest, ALoadThatFailsLeavesReportsAsTheyWere) {
  const TemporaryFolder folder;
  const std::string before = folder.Write("report.json", "before");
  const ProgramResult result = AttndLoad(
      {"--concurrency=1", "--json=" + before, "--csv=" + folder.path() + "/a.csv", "--server=" + UnusedTarget()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(Content(before), "before");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), std::filesystem::directory_iterator()),
            1);
}

TEST(AttndLoadWithoutServerTest, HelpSaysWhereLatencyCountsFrom) {
  const ProgramResult result = AttndLoad({"--help"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("no coordinated omission"));
}

struct WrongUsage {
  std::vector<std::string> arguments;
  std::string message;
};

TEST(AttndLoadWithoutServerTest, WrongUsageIsNamedAndExitsWithTwo) {
  const std::vector<WrongUsage> cases = {
      {{"--requests=1"}, "give one of --rate_per_s and --concurrency"},
      {{"--rate_per_s=1", "--concurrency=1"}, "give one of --rate_per_s and --concurrency"},
      {{"--rate_per_s=0"}, "--rate_per_s must be above 0"},
      {{"--rate_per_s=inf"}, "--rate_per_s must be above 0 and at most 1000000"},
      {{"--rate_per_s=nan"}, "--rate_per_s must be above 0 and at most 1000000"},
      {{"--rate_per_s=1e300"}, "--rate_per_s must be above 0 and at most 1000000"},
      {{"--concurrency=1", "--duration_s=inf"}, "--duration_s must be above 0 and at most 1000000"},
      {{"--concurrency=0"}, "--concurrency must be above 0"},
      {{"--concurrency=1", "--method=train"}, "--method must be embed or forward"},
      {{"--concurrency=1", "--length=long"}, "'long' is not a distribution of lengths"},
      {{"--concurrency=1", "now"}, "takes flags only"},
      {{"--sweep", "--concurrency=1"}, "give one of --rate_per_s and --concurrency"},
      {{"--sweep", "--requests=7"}, "--sweep goes by --duration_s, not by --requests"},
      {{"--sweep", "--sweep_factor=1"}, "--sweep_factor must be in [1.01, 100]"},
      {{"--concurrency=1", "--max_attempts=6"}, "--max_attempts must be in [1, 5]"},
      {{"--concurrency=1", "--hedging_delay_ms=-1"}, "--hedging_delay_ms must not be below 0"},
      {{"--concurrency=1", "--metrics_url=localhost:9464"}, "--metrics_url: 'localhost:9464' is not http://HOST"},
      {{"--concurrency=1", "--server=localhost:1,localhost"}, "'localhost' among several servers must be HOST:PORT"},
      {{"compare", "a.json"}, "compare takes two files that --json has written"},
      {{"compare", "a.json", "b.json", "--json=c.json"}, "compare takes no --json"},
  };
  for (const WrongUsage& wrong : cases) {
    const ProgramResult result = AttndLoad(wrong.arguments);
    EXPECT_EQ(result.exit_code, 2) << wrong.message;
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, StartsWith("attnd-load: " + wrong.message));
  }
}

}  // namespace
}  // namespace attnd::client
