#include "server/open_inference/model_version.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

using testing::HasSubstr;

TEST(CheckServesTest, KnowsTheModelByItsNumberItsVersionAndByNeither) {
  ServedModel model;
  model.name = "tiny";
  model.version = "c0ffee-2";
  model.load_count = 2;
  EXPECT_EQ(OpenInferenceVersion(model), "2");
  for (const char* version : {"", "2", "c0ffee-2"}) EXPECT_TRUE(CheckServes(model, "tiny", version).ok()) << version;
  for (const char* version : {"1", "02", "c0ffee-1", "latest"}) {
    EXPECT_TRUE(absl::IsNotFound(CheckServes(model, "tiny", version))) << version;
  }
  for (const char* name : {"", "Tiny", "tiny2"}) EXPECT_TRUE(absl::IsNotFound(CheckServes(model, name, ""))) << name;
  EXPECT_THAT(CheckServes(model, "tiny2", "").message(), HasSubstr("\"tiny\""));
}

}  // namespace
}  // namespace attnd
