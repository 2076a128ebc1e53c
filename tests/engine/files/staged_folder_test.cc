#include "engine/files/staged_folder.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/files/temporary_folder.h"

namespace attnd {
namespace {

namespace fs = std::filesystem;

using testing::StartsWith;

class StagedFolderTest : public testing::Test {
 protected:
  // A folder that holds one config.json.
  absl::StatusOr<StagedFolder> Stage(const std::string& config, ExistingTarget existing) const {
    auto folder = StagedFolder::Create(target_, existing);
    if (folder.ok()) std::ofstream(folder->path() + "/config.json") << config;
    return folder;
  }

  void ExpectEntries(std::ptrdiff_t count) const {
    EXPECT_EQ(std::distance(fs::directory_iterator(parent_.path()), fs::directory_iterator()), count);
  }

  const TemporaryFolder parent_;
  const std::string target_ = parent_.path() + "/target";
};

TEST_F(StagedFolderTest, AppearsWholeOnceCommitted) {
  auto folder = Stage("new", ExistingTarget::kRefuse);
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_FALSE(fs::exists(target_));
  ASSERT_TRUE(folder->Commit().ok());
  EXPECT_EQ(Content(target_ + "/config.json"), "new");
  ExpectEntries(1);
}

TEST_F(StagedFolderTest, LeavesNothingWhereItIsGivenUp) {
  ASSERT_TRUE(Stage("new", ExistingTarget::kRefuse).ok());
  ExpectEntries(0);
}

TEST_F(StagedFolderTest, AnExistingTargetIsRefusedAndKept) {
  fs::create_directory(target_);
  const absl::Status status = Stage("new", ExistingTarget::kRefuse).status();
  EXPECT_TRUE(absl::IsAlreadyExists(status)) << status;
  EXPECT_THAT(status.message(), StartsWith(target_ + ": is there already"));
  ExpectEntries(1);
}

TEST_F(StagedFolderTest, AnExistingModelIsReplacedOnceCommitted) {
  ASSERT_TRUE(Stage("old", ExistingTarget::kRefuse)->Commit().ok());
  std::ofstream(target_ + "/model-00001-of-00002.safetensors") << "old";
  auto folder = Stage("new", ExistingTarget::kReplace);
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_EQ(Content(target_ + "/config.json"), "old");
  ASSERT_TRUE(folder->Commit().ok());
  EXPECT_EQ(Content(target_ + "/config.json"), "new");
  EXPECT_FALSE(fs::exists(target_ + "/model-00001-of-00002.safetensors"));
  ExpectEntries(1);
}

TEST_F(StagedFolderTest, AnExistingModelStaysWhereTheNewOneIsGivenUp) {
  ASSERT_TRUE(Stage("old", ExistingTarget::kRefuse)->Commit().ok());
  ASSERT_TRUE(Stage("new", ExistingTarget::kReplace).ok());
  EXPECT_EQ(Content(target_ + "/config.json"), "old");
  ExpectEntries(1);
}

TEST_F(StagedFolderTest, ALinkIsReplacedAndNotWhatItLeadsTo) {
  const std::string linked = parent_.path() + "/linked";
  fs::create_directory(linked);
  std::ofstream(linked + "/config.json") << "old";
  fs::create_directory_symlink(linked, target_);
  auto folder = Stage("new", ExistingTarget::kReplace);
  ASSERT_TRUE(folder.ok()) << folder.status();
  ASSERT_TRUE(folder->Commit().ok());
  EXPECT_EQ(Content(target_ + "/config.json"), "new");
  EXPECT_EQ(Content(linked + "/config.json"), "old");
}

TEST_F(StagedFolderTest, AFolderThatIsNoModelsIsNotReplaced) {
  fs::create_directory(target_);
  std::ofstream(target_ + "/thesis.tex") << "years of work";
  const absl::Status status = Stage("new", ExistingTarget::kReplace).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(status.message(), StartsWith(target_ + ": holds no config.json"));
  EXPECT_TRUE(fs::exists(target_ + "/thesis.tex"));
}

TEST_F(StagedFolderTest, AFolderThatAppearsMeanwhileIsKept) {
  auto folder = Stage("new", ExistingTarget::kRefuse);
  ASSERT_TRUE(folder.ok()) << folder.status();
  fs::create_directory(target_);
  std::ofstream(target_ + "/config.json") << "old";
  EXPECT_FALSE(folder->Commit().ok());
  EXPECT_EQ(Content(target_ + "/config.json"), "old");
}

TEST_F(StagedFolderTest, WhereNothingCanBeMadeThePathIsNamed) {
  const absl::Status missing = StagedFolder::Create(target_ + "/deeper", ExistingTarget::kRefuse).status();
  EXPECT_TRUE(absl::IsNotFound(missing)) << missing;
  EXPECT_EQ(missing.message(), target_ + ": is no folder; make it first");
  const absl::Status refused = StagedFolder::Create("/proc/target", ExistingTarget::kRefuse).status();
  EXPECT_FALSE(refused.ok());
  EXPECT_THAT(refused.message(), StartsWith("/proc/target.unfinished-"));
}

TEST_F(StagedFolderTest, ASlashAtTheEndMakesNoDifference) {
  auto folder = StagedFolder::Create(target_ + "/", ExistingTarget::kRefuse);
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_THAT(folder->path(), StartsWith(target_ + ".unfinished-"));
  ASSERT_TRUE(folder->Commit().ok());
  EXPECT_TRUE(fs::is_directory(target_));
}

}  // namespace
}  // namespace attnd
