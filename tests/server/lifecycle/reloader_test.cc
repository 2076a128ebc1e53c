#include "server/lifecycle/reloader.h"

#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/log_entry.h"
#include "absl/log/log_sink.h"
#include "absl/log/log_sink_registry.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Computes nothing.
class IdleEngine final : public Engine {
 public:
  const EngineInfo& info() const override { return info_; }
  using Engine::Forward;
  absl::Status Forward(absl::Span<const SequenceTask> /*batch*/, absl::FunctionRef<bool()> /*is_abandoned*/) override {
    return absl::OkStatus();
  }

 private:
  EngineInfo info_;
};

// Waits for a line of the log.
class LogWatch final : public absl::LogSink {
 public:
  explicit LogWatch(std::string text) : text_(std::move(text)) { absl::AddLogSink(this); }
  ~LogWatch() override { absl::RemoveLogSink(this); }

  void Wait() { written_.WaitForNotification(); }

 private:
  void Send(const absl::LogEntry& entry) override {
    if (absl::StrContains(entry.text_message(), text_)) written_.Notify();
  }

  const std::string text_;
  absl::Notification written_;
};

// Loads a model named after the folder; "bad" cannot be loaded, "slow" takes until the test lets it go.
class ReloaderTest : public testing::Test {
 protected:
  absl::StatusOr<LoadedModel> Load(const std::string& folder, int64_t load_count) {
    {
      const absl::MutexLock lock(&mutex_);
      loads_.push_back(folder);
    }
    if (folder == "slow") go_.WaitForNotification();
    if (folder == "huge") throw std::bad_alloc();
    if (folder == "bad") return absl::DataLossError("bad/model.safetensors: is cut off");
    auto model = std::make_unique<ServedModel>();
    model->name = folder;
    model->version = absl::StrCat("v", load_count);
    model->engines.push_back(std::make_unique<IdleEngine>());
    return LoadedModel{.model = std::move(model)};
  }

  // Reloads and waits for the report.
  absl::StatusOr<ReloadReport> Reload(const std::string& folder) {
    absl::Notification done;
    absl::StatusOr<ReloadReport> result;
    const absl::Status status = reloader_->Start(folder, [&](const absl::StatusOr<ReloadReport>& report) {
      result = report;
      done.Notify();
    });
    if (!status.ok()) return status;
    done.WaitForNotification();
    return result;
  }

  // A reload that is under way until `go_`.
  void StartSlow() {
    ASSERT_TRUE(reloader_->Start("slow", [this](const absl::StatusOr<ReloadReport>&) { slow_done_.Notify(); }).ok());
    const auto loading = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return loads_.back() == "slow"; };
    const absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&loading));
  }

  std::string PresentVersion() { return models_.Get().value()->version; }

  std::vector<std::string> loads() {
    const absl::MutexLock lock(&mutex_);
    return loads_;
  }

  absl::Mutex mutex_;
  std::vector<std::string> loads_ ABSL_GUARDED_BY(mutex_);
  absl::Notification go_;
  absl::Notification slow_done_;
  Metrics metrics_{MetricsOptions()};
  ModelStore models_;
  std::unique_ptr<Reloader> reloader_ = std::make_unique<Reloader>(
      [this](const std::string& folder, int64_t load_count) { return Load(folder, load_count); }, models_, metrics_);
};

TEST_F(ReloaderTest, NothingIsServedUntilTheFirstModelIsLoaded) {
  EXPECT_EQ(models_.Get().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Reload("next").status().code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(reloader_->LoadFirst().ok());
  EXPECT_EQ(PresentVersion(), "v1");
  EXPECT_THAT(loads(), ElementsAre(""));
}

TEST_F(ReloaderTest, ANewModelTakesThePlaceOfTheOldAndIsReported) {
  ASSERT_TRUE(reloader_->LoadFirst().ok());
  const auto report = Reload("next");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->model_version, "v2");
  EXPECT_EQ(report->previous_model_version, "v1");
  EXPECT_EQ(models_.Get().value()->name, "next");
}

TEST_F(ReloaderTest, AModelThatCannotBeLoadedChangesNothing) {
  ASSERT_TRUE(reloader_->LoadFirst().ok());
  const auto report = Reload("bad");
  EXPECT_EQ(report.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(report.status().message()), HasSubstr("bad/model.safetensors: is cut off"));
  EXPECT_EQ(PresentVersion(), "v1");
  EXPECT_EQ(Reload("good")->model_version, "v2");
}

TEST_F(ReloaderTest, AModelThatThereIsNoMemoryForChangesNothing) {
  ASSERT_TRUE(reloader_->LoadFirst().ok());
  const auto report = Reload("huge");
  EXPECT_EQ(report.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(report.status().message()), HasSubstr("not enough memory"));
  EXPECT_EQ(PresentVersion(), "v1");
  EXPECT_EQ(Reload("good")->model_version, "v2");
}

TEST_F(ReloaderTest, TheOldModelIsKeptUntilItsLastUserIsDone) {
  ASSERT_TRUE(reloader_->LoadFirst().ok());
  std::shared_ptr<const ServedModel> in_use = *models_.Get();
  LogWatch replaced("calls are accepted for version v2");
  absl::Notification done;
  ASSERT_TRUE(reloader_->Start("next", [&](const absl::StatusOr<ReloadReport>&) { done.Notify(); }).ok());
  replaced.Wait();
  EXPECT_EQ(PresentVersion(), "v2");
  EXPECT_EQ(in_use->version, "v1");
  EXPECT_TRUE(reloader_->busy());
  EXPECT_FALSE(done.HasBeenNotified());
  in_use = nullptr;
  done.WaitForNotification();
}

TEST_F(ReloaderTest, ASecondReloadIsRefusedWhileOneIsUnderWay) {
  ASSERT_TRUE(reloader_->LoadFirst().ok());
  StartSlow();
  EXPECT_EQ(Reload("other").status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(PresentVersion(), "v1");
  go_.Notify();
  slow_done_.WaitForNotification();
  EXPECT_EQ(models_.Get().value()->name, "slow");
  EXPECT_THAT(loads(), ElementsAre("", "slow"));
}

TEST_F(ReloaderTest, AReloadAskedForSoonComesOnceAfterTheOneUnderWay) {
  ASSERT_TRUE(reloader_->LoadFirst().ok());
  StartSlow();
  reloader_->StartSoon();
  reloader_->StartSoon();
  go_.Notify();
  slow_done_.WaitForNotification();
  {
    const auto is_last = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return loads_.size() == 3; };
    const absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&is_last));
  }
  reloader_.reset();
  EXPECT_EQ(PresentVersion(), "v3");
  EXPECT_THAT(loads(), ElementsAre("", "slow", ""));
}

}  // namespace
}  // namespace attnd
