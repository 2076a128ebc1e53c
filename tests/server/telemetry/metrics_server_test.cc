// The whole of a scrape, over TCP.

#include "server/telemetry/metrics_server.h"

#include <fstream>
#include <iterator>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/telemetry/exposition.h"
#include "tests/server/telemetry/http_get.h"

namespace attnd {
namespace {

using testing::ContainerEq;
using testing::HasSubstr;
using testing::StartsWith;

// Whether `series` may stand below "# TYPE `family` `type`".
bool BelongsTo(absl::string_view series, absl::string_view family, absl::string_view type) {
  absl::string_view rest = series.substr(0, series.find('{'));
  if (!absl::ConsumePrefix(&rest, family)) return false;
  if (rest.empty()) return type != "histogram";
  if (type == "histogram" && rest == "_bucket") return true;
  return (type == "histogram" || type == "summary") && (rest == "_count" || rest == "_sum");
}

// Names of the families in a scrape, in the order of their TYPE lines.
std::vector<std::string> FamilyNames(const std::string& text) {
  std::vector<std::string> names;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::ConsumePrefix(&line, "# TYPE ")) continue;
    names.emplace_back(line.substr(0, line.find(' ')));
  }
  return names;
}

// Names in the first column of the tables of docs/metrics.md.
std::set<std::string> DocumentedNames() {
  std::ifstream file(ATTND_METRICS_DOCUMENT);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  std::set<std::string> names;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::ConsumePrefix(&line, "| `")) names.emplace(line.substr(0, line.find('`')));
  }
  return names;
}

class MetricsServerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto server = MetricsServer::Start("127.0.0.1:0", metrics_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::string Scrape() const {
    const absl::StatusOr<HttpReply> reply = HttpGet(server_->port(), "/metrics");
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.ok() ? reply->body : "";
  }

  Metrics metrics_{{.max_batch_requests = 4, .max_batch_tokens = 10, .server_version = "1.2.3"}};
  std::unique_ptr<MetricsServer> server_;
};

TEST_F(MetricsServerTest, AnswersInPrometheusTextFormat) {
  const absl::StatusOr<HttpReply> reply = HttpGet(server_->port(), "/metrics");
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_THAT(reply->head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(reply->head, HasSubstr("Content-Type: text/plain"));
}

TEST_F(MetricsServerTest, ShowsTheServersTheProcessesAndItsOwnSeries) {
  metrics_.SetReady(true);
  Samples samples = ParseSamples(Scrape());
  EXPECT_EQ(samples["attnd_ready"], 1);
  EXPECT_GT(samples["process_resident_memory_bytes"], 0);
  EXPECT_TRUE(samples.contains("exposer_scrapes_total"));
}

TEST_F(MetricsServerTest, EveryLineIsHelpTypeOrASampleOfTheTypeBefore) {
  const std::regex help(R"(# HELP ([a-z_][a-z0-9_]*) \S.*)");
  const std::regex type(R"(# TYPE ([a-z_][a-z0-9_]*) (counter|gauge|histogram|summary))");
  const std::regex sample(R"re(([a-z_][a-z0-9_]*(\{([a-z_]+="[^"\\]*",?)+\})?) (NaN|Nan|[0-9.e+-]+))re");
  std::set<std::string> helped;
  std::set<std::string> typed;
  std::smatch match;
  std::string family;
  std::string family_type;
  const std::vector<std::string> lines = absl::StrSplit(Scrape(), '\n', absl::SkipEmpty());
  for (const std::string& line : lines) {
    if (std::regex_match(line, match, help)) {
      EXPECT_TRUE(helped.insert(match[1]).second) << "second " << line;
    } else if (std::regex_match(line, match, type)) {
      family = match[1];
      family_type = match[2];
      EXPECT_TRUE(helped.contains(family)) << "no HELP before " << line;
      EXPECT_TRUE(typed.insert(family).second) << "second " << line;
      EXPECT_EQ(family_type == "counter", absl::EndsWith(family, "_total")) << line;
    } else {
      ASSERT_TRUE(std::regex_match(line, match, sample)) << line;
      EXPECT_TRUE(BelongsTo(match[1].str(), family, family_type)) << line << " below # TYPE " << family;
    }
  }
  EXPECT_THAT(typed, ContainerEq(helped));
}

TEST_F(MetricsServerTest, TheDocumentListsWhatIsServed) {
  metrics_.SetModel("model", "c0ffee-1", EngineInfo());
  const std::vector<std::string> names = FamilyNames(Scrape());
  // Those of a cgroup are served only where it limits the CPU time, which CgroupCollectorTest does.
  const auto of_cgroup = [](const std::string& name) { return absl::StartsWith(name, "attnd_cgroup_"); };
  std::set<std::string> served(names.begin(), names.end());
  std::set<std::string> documented = DocumentedNames();
  std::erase_if(served, of_cgroup);
  EXPECT_EQ(std::erase_if(documented, of_cgroup), 4);
  EXPECT_THAT(documented, ContainerEq(served));
}

TEST_F(MetricsServerTest, OnlyMetricsIsThere) {
  const absl::StatusOr<HttpReply> reply = HttpGet(server_->port(), "/");
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_THAT(reply->head, StartsWith("HTTP/1.1 404 "));
}

TEST_F(MetricsServerTest, IdleConnectionsDoNotHoldUpAScrape) {
  std::vector<std::unique_ptr<Connection>> idle;
  for (int i = 0; i < 7; ++i) {
    auto connection = Connection::Open(server_->port());
    ASSERT_TRUE(connection.ok()) << connection.status();
    EXPECT_TRUE((*connection)->Send(i % 2 == 0 ? "" : "GET /metr"));
    idle.push_back(*std::move(connection));
  }
  const absl::Time started_at = absl::Now();
  EXPECT_THAT(Scrape(), HasSubstr("attnd_ready"));
  EXPECT_LT(absl::Now() - started_at, absl::Seconds(2));
}

TEST_F(MetricsServerTest, AConnectionThatSendsNoRequestIsClosed) {
  const auto silent = Connection::Open(server_->port());
  const auto slow = Connection::Open(server_->port());
  ASSERT_TRUE(silent.ok() && slow.ok());
  EXPECT_TRUE((*slow)->Send("GET /metr"));
  const absl::Time started_at = absl::Now();
  (*silent)->ReceiveAll();
  (*slow)->ReceiveAll();
  EXPECT_LT(absl::Now() - started_at, absl::Seconds(10));
}

TEST_F(MetricsServerTest, ABusyPortIsAnErrorThatNamesTheAddress) {
  const std::string address = absl::StrCat("127.0.0.1:", server_->port());
  const absl::Status status = MetricsServer::Start(address, metrics_).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(address));
}

TEST_F(MetricsServerTest, WhatIsNoAddressIsAnErrorThatNamesIt) {
  for (const char* address : {"", "nonsense", "127.0.0.1", "256.1.1.1:0", "127.0.0.1:99999"}) {
    const absl::Status status = MetricsServer::Start(address, metrics_).status();
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("--metrics_address=", address, ":")));
  }
}

// Civetweb alone would take two seconds for each.
TEST_F(MetricsServerTest, EndingDoesNotTakeSeconds) {
  const absl::Time started_at = absl::Now();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(MetricsServer::Start("0.0.0.0:0", metrics_).ok());
  EXPECT_LT(absl::Now() - started_at, absl::Seconds(5));
}

TEST_F(MetricsServerTest, ThePortIsFreeAfterItsEnd) {
  const int port = server_->port();
  server_.reset();
  EXPECT_FALSE(HttpGet(port, "/metrics").ok());
  const auto next = MetricsServer::Start(absl::StrCat("127.0.0.1:", port), metrics_);
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ((*next)->port(), port);
}

}  // namespace
}  // namespace attnd
