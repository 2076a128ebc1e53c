#include "server/rpc/layer_name.h"

#include <string>

#include "gtest/gtest.h"

namespace attnd {
namespace {

TEST(LayerNameTest, NamesEveryPlaceAndReadsItBack) {
  EXPECT_EQ(LayerName(0, 2), "embeddings");
  EXPECT_EQ(LayerName(1, 2), "h.0");
  EXPECT_EQ(LayerName(2, 2), "h.1");
  EXPECT_EQ(LayerName(3, 2), "ln_f");
  for (int64_t place = 0; place <= 17; ++place) EXPECT_EQ(ParseLayerName(LayerName(place, 16), 16), place);
}

TEST(LayerNameTest, NoNameIsTheFinalNorm) { EXPECT_EQ(ParseLayerName("", 2), 3); }

TEST(LayerNameTest, EveryOtherTextIsNoName) {
  for (const char* name : {"h.2", "h.-1", "h.+1", "h.01", "h. 1", "h.1 ", "h.", "h", "H.0", "1", "ln_1", "wte",
                           "h.99999999999999999999", "embeddings "}) {
    EXPECT_FALSE(ParseLayerName(name, 2).has_value()) << name;
  }
}

}  // namespace
}  // namespace attnd
