#include "server/lifecycle/model_root.h"

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

class ModelRootTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(base_);
    std::filesystem::create_directories(base_ / "root" / "v2");
    std::filesystem::create_directories(base_ / "root-beside");
    std::filesystem::create_directory_symlink(base_ / "root-beside", base_ / "root" / "out");
    std::filesystem::create_directory_symlink("v2", base_ / "root" / "current");
  }
  ~ModelRootTest() override { std::filesystem::remove_all(base_); }

  std::string Path(const std::string& name) const { return (base_ / name).string(); }

  absl::StatusOr<std::string> Resolve(const std::string& path) const { return ResolveBelow(Path("root"), path); }

  const std::filesystem::path base_ = std::filesystem::canonical(testing::TempDir()) / "attnd_model_root_test" /
                                      testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(ModelRootTest, TakesWhatLiesBelowAndFollowsLinks) {
  EXPECT_EQ(*Resolve("v2"), Path("root/v2"));
  EXPECT_EQ(*Resolve(Path("root/v2")), Path("root/v2"));
  EXPECT_EQ(*Resolve("current"), Path("root/v2"));
  EXPECT_EQ(*Resolve("."), Path("root"));
  EXPECT_EQ(*Resolve("v2/../v2"), Path("root/v2"));
}

TEST_F(ModelRootTest, RefusesWhatLeadsElsewhereWhetherItExistsOrNot) {
  for (const std::string& path :
       {Path("root-beside"), std::string("../root-beside"), std::string("out"), std::string("out/v3"),
        std::string("/etc"), std::string("/no/such/folder"), std::string("../no-such-folder")}) {
    const absl::Status status = Resolve(path).status();
    EXPECT_EQ(status, absl::PermissionDeniedError("model_path leads to no folder below --model_root")) << path;
  }
}

TEST_F(ModelRootTest, RefusesEverythingWithoutARoot) {
  EXPECT_EQ(ResolveBelow("", Path("root/v2")).status().code(), absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace attnd
