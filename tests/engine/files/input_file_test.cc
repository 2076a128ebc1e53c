#include "engine/files/input_file.h"

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/engine/files/temporary_folder.h"

namespace attnd {
namespace {

class InputFileTest : public testing::Test {
 protected:
  // Bytes [begin, begin + count).
  static absl::StatusOr<std::string> Read(const InputFile& file, int64_t begin, size_t count) {
    std::string bytes(count, '\0');
    if (absl::Status status = file.ReadAt(begin, absl::MakeSpan(bytes)); !status.ok()) return status;
    return bytes;
  }

  const TemporaryFolder folder_;
  const std::string path_ = folder_.Write("file", "0123456789");
};

TEST_F(InputFileTest, AnyPartOfItIsRead) {
  auto opened = InputFile::Open(path_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  const InputFile file = *std::move(opened);
  EXPECT_EQ(file.path(), path_);
  EXPECT_EQ(file.byte_count(), 10);
  EXPECT_EQ(*Read(file, 0, 10), "0123456789");
  EXPECT_EQ(*Read(file, 7, 3), "789");
  EXPECT_EQ(*Read(file, 10, 0), "");
}

TEST_F(InputFileTest, OneThatIsShortenedWhileItIsReadIsAnError) {
  const auto file = InputFile::Open(path_);
  ASSERT_TRUE(file.ok()) << file.status();
  std::filesystem::resize_file(path_, 4);
  for (const int64_t begin : {0, 2, 8}) {
    EXPECT_EQ(Read(*file, begin, 2).status(),
              absl::DataLossError(absl::StrCat(path_,
                                               ": was written to while it was read, it had 10 bytes when it was "
                                               "opened; replace a file by renaming another over it")));
  }
}

TEST_F(InputFileTest, OneThatIsOverwrittenWhileItIsReadIsAnError) {
  const auto file = InputFile::Open(path_);
  ASSERT_TRUE(file.ok()) << file.status();
  folder_.Write("file", "abcdefghij");
  // Two moments of some file systems' clocks may be one.
  std::filesystem::last_write_time(path_, std::filesystem::last_write_time(path_) + std::chrono::seconds(1));
  EXPECT_TRUE(absl::IsDataLoss(Read(*file, 0, 10).status()));
}

TEST_F(InputFileTest, OneThatIsReplacedMeanwhileIsReadAsItWas) {
  const auto file = InputFile::Open(path_);
  ASSERT_TRUE(file.ok()) << file.status();
  std::filesystem::rename(folder_.Write("other", "x"), path_);
  EXPECT_EQ(*Read(*file, 0, 10), "0123456789");
}

TEST_F(InputFileTest, AWholeFileIsReadUpToALimit) {
  EXPECT_EQ(*ReadWholeFile(path_, 10), "0123456789");
  EXPECT_EQ(ReadWholeFile(path_, 9).status(),
            absl::DataLossError(absl::StrCat(path_, ": has 10 bytes, must have at most 9")));
}

TEST_F(InputFileTest, WhatIsNoFileWithContentIsRefused) {
  const auto code = [](const std::string& path) { return InputFile::Open(path).status().code(); };
  EXPECT_EQ(code(folder_.path() + "/none"), absl::StatusCode::kNotFound);
  EXPECT_EQ(code(folder_.path()), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(code(folder_.Write("empty", "")), absl::StatusCode::kFailedPrecondition);
  const std::string loop = folder_.path() + "/loop";
  std::filesystem::create_symlink(loop, loop);
  EXPECT_EQ(code(loop), absl::StatusCode::kInvalidArgument);
  const std::string pipe = folder_.path() + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(code(pipe), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace attnd
