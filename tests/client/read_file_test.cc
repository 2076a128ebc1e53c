#include "client/read_file.h"

#include <cstddef>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace attnd::client {
namespace {

TEST(ReadFileTest, AFileIsReadToItsEnd) {
  const std::string path = testing::TempDir() + "arguments_file";
  for (const size_t size : {size_t{0}, size_t{1}, size_t{1} << 16, size_t{200'000}}) {
    const std::string content(size, 'x');
    std::ofstream(path, std::ios::binary) << content;
    EXPECT_EQ(ReadFile(path).value(), content);
  }
}

TEST(ReadFileTest, AFolderCannotBeRead) {
  EXPECT_EQ(ReadFile(testing::TempDir()).status(), absl::NotFoundError("cannot read " + testing::TempDir()));
}

TEST(ReadFileTest, AFileThatIsNotThereIsNotFound) {
  EXPECT_EQ(ReadFile("/nonexistent/file").status(), absl::NotFoundError("cannot read /nonexistent/file"));
}

}  // namespace
}  // namespace attnd::client
