#include "engine/files/staged_file.h"

#include <sys/stat.h>

#include <filesystem>
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

class StagedFileTest : public testing::Test {
 protected:
  // A file that holds `content`.
  absl::StatusOr<StagedFile> Stage(const std::string& content, ExistingTarget existing) const {
    auto file = StagedFile::Create(target_, existing);
    if (!file.ok()) return file;
    EXPECT_TRUE(file->file().Write(content).ok());
    return file;
  }

  void ExpectEntries(std::ptrdiff_t count) const {
    EXPECT_EQ(std::distance(fs::directory_iterator(parent_.path()), fs::directory_iterator()), count);
  }

  const TemporaryFolder parent_;
  const std::string target_ = parent_.path() + "/target";
};

TEST_F(StagedFileTest, AppearsWholeOnceCommitted) {
  auto file = Stage("new", ExistingTarget::kRefuse);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_FALSE(fs::exists(target_));
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_EQ(Content(target_), "new");
  ExpectEntries(1);
}

TEST_F(StagedFileTest, LeavesNothingWhereItIsGivenUp) {
  ASSERT_TRUE(Stage("new", ExistingTarget::kRefuse).ok());
  ExpectEntries(0);
}

TEST_F(StagedFileTest, WhatIsWrittenInPlaceLiesThereAndAppendingGoesOn) {
  auto file = Stage("....", ExistingTarget::kRefuse);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE(file->file().WriteAt(6, "gh").ok());
  ASSERT_TRUE(file->file().WriteAt(1, "bcd").ok());
  ASSERT_TRUE(file->file().Write("ef").ok());
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_EQ(Content(target_), ".bcdefgh");
}

TEST_F(StagedFileTest, AnExistingFileIsRefusedAndKept) {
  parent_.Write("target", "old");
  const absl::Status status = Stage("new", ExistingTarget::kRefuse).status();
  EXPECT_TRUE(absl::IsAlreadyExists(status)) << status;
  EXPECT_THAT(status.message(), StartsWith(target_ + ": is there already"));
  EXPECT_EQ(Content(target_), "old");
  ExpectEntries(1);
}

TEST_F(StagedFileTest, AnExistingFileIsReplacedOnceCommittedAndStaysWhereTheNewOneIsGivenUp) {
  parent_.Write("target", "old");
  ASSERT_TRUE(Stage("given up", ExistingTarget::kReplace).ok());
  EXPECT_EQ(Content(target_), "old");
  auto file = Stage("new", ExistingTarget::kReplace);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(Content(target_), "old");
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_EQ(Content(target_), "new");
  ExpectEntries(1);
}

TEST_F(StagedFileTest, AFileThatAppearsMeanwhileIsKept) {
  auto file = Stage("new", ExistingTarget::kRefuse);
  ASSERT_TRUE(file.ok()) << file.status();
  parent_.Write("target", "old");
  EXPECT_TRUE(absl::IsAlreadyExists(file->Commit()));
  EXPECT_EQ(Content(target_), "old");
}

TEST_F(StagedFileTest, ALinkIsReplacedAndNotWhatItLeadsTo) {
  const std::string linked = parent_.Write("linked", "old");
  fs::create_symlink(linked, target_);
  auto file = Stage("new", ExistingTarget::kReplace);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_EQ(Content(target_), "new");
  EXPECT_FALSE(fs::is_symlink(target_));
  EXPECT_EQ(Content(linked), "old");
}

TEST_F(StagedFileTest, WhatIsNoFileIsNotReplaced) {
  fs::create_directory(target_);
  const std::string pipe = parent_.path() + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0666), 0);
  for (const std::string& target : {target_, pipe}) {
    const absl::Status status = StagedFile::Create(target, ExistingTarget::kReplace).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_EQ(status.message(), target + ": is not a regular file, and is not overwritten");
  }
}

TEST_F(StagedFileTest, WhereNothingCanBeMadeThePathIsNamed) {
  const absl::Status missing = StagedFile::Create(target_ + "/deeper", ExistingTarget::kRefuse).status();
  EXPECT_TRUE(absl::IsNotFound(missing)) << missing;
  EXPECT_EQ(missing.message(), target_ + ": is no folder; make it first");
  const absl::Status refused = StagedFile::Create("/proc/target", ExistingTarget::kRefuse).status();
  EXPECT_FALSE(refused.ok());
  EXPECT_THAT(refused.message(), StartsWith("/proc/target.unfinished-"));
}

}  // namespace
}  // namespace attnd
