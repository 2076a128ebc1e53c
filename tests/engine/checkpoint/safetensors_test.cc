#include "engine/checkpoint/safetensors.h"

#include <sys/stat.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/checkpoint/checkpoint_files.h"
#include "tests/engine/files/temporary_folder.h"

namespace attnd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;

class SafetensorsTest : public testing::Test {
 protected:
  absl::StatusOr<SafetensorsFile> Open(absl::string_view content) const {
    return SafetensorsFile::Open(folder_.Write("model.safetensors", content));
  }

  // The error of a file with this header before `data`.
  absl::Status ErrorOf(absl::string_view header, absl::string_view data = "12345678") const {
    return Open(SafetensorsBytes(header, data)).status();
  }

  void ExpectCorrupt(absl::string_view header, const char* text) const {
    const absl::Status status = ErrorOf(header);
    EXPECT_TRUE(absl::IsDataLoss(status)) << header << ": " << status;
    EXPECT_THAT(status.message(), HasSubstr(text)) << header;
    EXPECT_THAT(status.message(), HasSubstr(folder_.path()));
  }

  const TemporaryFolder folder_;
};

TEST_F(SafetensorsTest, GivesEveryTensorItsBytes) {
  const auto file = Open(
      SafetensorsBytes({{"b", "F32", {2}, "abcdefgh"}, {"a", "BF16", {1, 3}, "uvwxyz"}, {"none", "F32", {0, 7}, ""}}));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(file->tensors(), ElementsAre(Key("a"), Key("b"), Key("none")));
  const SafetensorsEntry& a = file->tensors().at("a");
  EXPECT_EQ(a.dtype, "BF16");
  EXPECT_THAT(a.shape, ElementsAre(1, 3));
  std::string bytes(static_cast<size_t>(a.byte_count), '\0');
  ASSERT_TRUE(file->Read(a, 0, absl::MakeSpan(bytes)).ok());
  EXPECT_EQ(bytes, "uvwxyz");
  ASSERT_TRUE(file->Read(a, 4, absl::MakeSpan(bytes).first(2)).ok());
  EXPECT_EQ(bytes, "yzwxyz");
  EXPECT_EQ(file->tensors().at("none").byte_count, 0);
}

TEST_F(SafetensorsTest, LeavesMetadataAndPaddingOfTheHeaderAside) {
  const auto file = Open(SafetensorsBytes(R"({"__metadata__": {"format": "pt"}, "a": {"dtype": "U8", "shape": [], )"
                                          R"("data_offsets": [0, 1]}}     )",
                                          "x"));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(file->tensors(), ElementsAre(Key("a")));
}

TEST_F(SafetensorsTest, AMissingFileIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(SafetensorsFile::Open(folder_.path() + "/none").status()));
}

TEST_F(SafetensorsTest, AFolderOrAPipeIsRefusedAndDoesNotBlock) {
  const std::string pipe = folder_.path() + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(SafetensorsFile::Open(pipe).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(SafetensorsFile::Open(folder_.path()).status()));
}

TEST_F(SafetensorsTest, AFileCutAnywhereIsRefused) {
  const std::string whole = SafetensorsBytes({{"a", "F32", {2}, "abcdefgh"}, {"b", "F32", {1}, "ijkl"}});
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(Open(whole.substr(0, length)).ok()) << length;
  }
  EXPECT_TRUE(Open(whole).ok());
}

TEST_F(SafetensorsTest, AHeaderLongerThanTheFileOrTheFormatAllowsIsRefused) {
  for (const char byte : {'\x7f', '\xff'}) {
    const absl::Status status = Open(absl::StrCat(std::string(8, byte), "{}")).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr("header length = "));
  }
}

TEST_F(SafetensorsTest, AHeaderBeyondEightMebibytesIsRefusedUnread) {
  const size_t limit = size_t{8} << 20;
  EXPECT_THAT(ErrorOf(std::string(limit + 1, ' ')).message(),
              HasSubstr("header length = 8388609, must be at most 8388608 (the limit of a header)"));
  EXPECT_THAT(ErrorOf(std::string(limit, ' ')).message(), HasSubstr("not a JSON object"));
}

TEST_F(SafetensorsTest, AHeaderThatIsNoJsonObjectIsRefused) {
  ExpectCorrupt("", "not a JSON object");
  ExpectCorrupt("[1]", "not a JSON object");
  ExpectCorrupt("{\"a\": ", "not a JSON object");
  ExpectCorrupt(R"({"a": {}, "a": {}})", "key \"a\" appears twice");
  ExpectCorrupt(std::string(100000, '['), "nested deeper than");
}

TEST_F(SafetensorsTest, AnEntryThatIsNotOneNamesTheTensor) {
  ExpectCorrupt(R"({"wte": 3})", "tensor \"wte\": its entry is of type number");
  ExpectCorrupt(R"({"wte": {"shape": [2], "data_offsets": [0, 8]}})", "tensor \"wte\": dtype is missing");
  ExpectCorrupt(R"({"wte": {"dtype": "F31", "shape": [2], "data_offsets": [0, 8]}})", "dtype = \"F31\" is not known");
  ExpectCorrupt(R"({"wte": {"dtype": "F32", "data_offsets": [0, 8]}})", "shape is missing or no array");
  ExpectCorrupt(R"({"wte": {"dtype": "F32", "shape": [2]}})", "data_offsets is missing or no array");
  ExpectCorrupt(R"({"wte": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}})", "shape[0] = -2");
  ExpectCorrupt(R"({"wte": {"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]}})", "shape[0] = 2.0");
  ExpectCorrupt(R"({"wte": {"dtype": "F32", "shape": [1, 18446744073709551615], "data_offsets": [0, 8]}})",
                "shape[1] = 18446744073709551615");
}

TEST_F(SafetensorsTest, AShapeWhoseProductOverflowsIsRefused) {
  ExpectCorrupt(R"({"wte": {"dtype": "F32", "shape": [4294967296, 4294967296, 2], "data_offsets": [0, 8]}})",
                "more than 2^56 elements");
  ExpectCorrupt(R"({"wte": {"dtype": "F64", "shape": [9223372036854775807], "data_offsets": [0, 8]}})",
                "more than 2^56 elements");
}

TEST_F(SafetensorsTest, NothingAHeaderHoldsMakesAnErrorEndless) {
  const std::string name(100000, 'n');
  const std::string sizes = absl::StrCat("[1", std::string(100000, '1'), "]");
  std::string many_sizes = "[1";
  for (int i = 0; i < 100000; ++i) many_sizes += ", 1";
  for (const std::string& header :
       {absl::StrCat("{\"", name, "\": 3}"), absl::StrCat("{\"", name, "\": {}, \"", name, "\": {}}"),
        absl::StrCat(R"({"a": {"dtype": ")", name, R"(", "shape": [2], "data_offsets": [0, 8]}})"),
        absl::StrCat(R"({"a": {"dtype": "F32", "shape": )", sizes, R"(, "data_offsets": [0, 8]}})"),
        absl::StrCat(R"({"a": {"dtype": "F32", "shape": )", many_sizes, R"(], "data_offsets": [0, 8]}})"),
        std::string(100000, '['), absl::StrCat("{\"a\": ", name)}) {
    const absl::Status status = ErrorOf(header);
    EXPECT_TRUE(absl::IsDataLoss(status));
    EXPECT_LT(status.message().size(), 1000);
  }
}

TEST_F(SafetensorsTest, OffsetsOutsideTheDataNameTheTensor) {
  for (const char* offsets : {"[0, 9]", "[8, 0]", "[9, 9]", "[0]", "[0, 4, 8]", "[9223372036854775807, 8]"}) {
    ExpectCorrupt(absl::StrCat(R"({"wte": {"dtype": "F32", "shape": [2], "data_offsets": )", offsets, "}}"),
                  "tensor \"wte\": data_offsets = [");
  }
}

TEST_F(SafetensorsTest, OffsetsThatDisagreeWithTheShapeNameTheTensor) {
  ExpectCorrupt(R"({"wte": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}})",
                "data_offsets span 8 bytes, but F32 of shape [3] takes 12");
}

TEST_F(SafetensorsTest, DataOfTwoTensorsOrOfNoneIsRefused) {
  ExpectCorrupt(R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
                    "b": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}})",
                "tensor \"b\": its data begins at 4, before the end of \"a\" at 8");
  ExpectCorrupt(R"({"a": {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]},
                    "b": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}})",
                "tensor \"b\": its data begins at 4, not at the end of \"a\" at 3");
  ExpectCorrupt(R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})",
                "4 bytes of data after the last tensor, \"a\"");
  ExpectCorrupt("{}", "8 bytes of data after the last tensor");
}

}  // namespace
}  // namespace attnd
