#include "server/scheduling/served_model.h"

#include "gtest/gtest.h"

namespace attnd {
namespace {

TEST(ModelVersionTest, NamesTheWeightsAndTheLoad) {
  EXPECT_EQ(ModelVersion("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", 3), "0123456789ab-3");
}

}  // namespace
}  // namespace attnd
