#include "client/text_table.h"

#include "gtest/gtest.h"

namespace attnd::client {
namespace {

TEST(TextTableTest, ColumnsAreAsWideAsTheirWidestCell) {
  TextTable table({{"name"}, {"count", Align::kRight}, {"note"}});
  table.AddRow({"a", "1", "x"});
  table.AddRow({"longer", "123456", ""});
  EXPECT_EQ(table.ToString(),
            "name     count  note\n"
            "a            1  x\n"
            "longer  123456\n");
}

TEST(TextTableTest, WithoutTitlesThereIsNoLineOfTitles) {
  TextTable table({{""}, {""}});
  table.AddRow({"a", "b"});
  EXPECT_EQ(table.ToString(), "a  b\n");
}

TEST(TextTableTest, MillisecondsHaveTwoDecimals) {
  EXPECT_EQ(FormatMilliseconds(absl::Microseconds(12346)), "12.35 ms");
}

}  // namespace
}  // namespace attnd::client
