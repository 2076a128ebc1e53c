#include "engine/files/npy.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "engine/files/npy_header.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/files/temporary_folder.h"

namespace attnd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A file of version 1.0 with this dict.
std::string Npy(absl::string_view dict, absl::string_view elements = "") {
  const std::string length = {static_cast<char>(dict.size() & 0xFFU), static_cast<char>(dict.size() >> 8)};
  return absl::StrCat(kNpyMagic, absl::string_view("\x01\x00", 2), length, dict, elements);
}

// The bytes of a row.
std::string Row(const NpyMatrix& matrix, int64_t row) {
  const auto values = matrix.ReadRow(row);
  EXPECT_TRUE(values.ok()) << values.status();
  return values.ok() ? std::string(reinterpret_cast<const char*>(values->data()), values->size() * sizeof(float)) : "";
}

class NpyTest : public testing::Test {
 protected:
  absl::StatusOr<NpyMatrix> Open(absl::string_view content) const {
    return NpyMatrix::Open(folder_.Write("matrix.npy", content));
  }

  const TemporaryFolder folder_;
};

TEST_F(NpyTest, TheHeaderIsNumpysByteForByte) {
  const std::string header = NpyHeader(3, 768);
  const std::string dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 768), }";
  EXPECT_EQ(header, std::string("\x93NUMPY\x01\x00\x76\x00", 10) + dict + std::string(117 - dict.size(), ' ') + "\n");
  EXPECT_EQ(header.size(), 128U);
}

TEST_F(NpyTest, TheHeaderHasRoomForTheLargestSizes) {
  const auto fields = ParseNpyHeader(NpyHeader(INT64_MAX, INT64_MAX));
  ASSERT_TRUE(fields.ok()) << fields.status();
  EXPECT_THAT(fields->shape, ElementsAre(INT64_MAX, INT64_MAX));
}

TEST_F(NpyTest, RowsWrittenInAnyOrderAreReadInTheirs) {
  const std::string path = folder_.path() + "/rows.npy";
  auto writer = NpyWriter::Create(path, ExistingTarget::kRefuse, 3, 2);
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE(writer->WriteRow(2, "efghEFGH").ok());
  ASSERT_TRUE(writer->WriteRow(0, "abcdABCD").ok());
  ASSERT_TRUE(writer->WriteRow(1, "ijklIJKL").ok());
  ASSERT_TRUE(writer->Commit().ok());
  const auto matrix = NpyMatrix::Open(path);
  ASSERT_TRUE(matrix.ok()) << matrix.status();
  EXPECT_EQ(matrix->rows(), 3);
  EXPECT_EQ(matrix->columns(), 2);
  EXPECT_EQ(Row(*matrix, 0), "abcdABCD");
  EXPECT_EQ(Row(*matrix, 1), "ijklIJKL");
  EXPECT_EQ(Row(*matrix, 2), "efghEFGH");
}

TEST_F(NpyTest, AMatrixWithoutRowsHasColumns) {
  const std::string path = folder_.path() + "/none.npy";
  auto writer = NpyWriter::Create(path, ExistingTarget::kRefuse, 0, 768);
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE(writer->Commit().ok());
  const auto matrix = NpyMatrix::Open(path);
  ASSERT_TRUE(matrix.ok()) << matrix.status();
  EXPECT_EQ(matrix->rows(), 0);
  EXPECT_EQ(matrix->columns(), 768);
}

TEST_F(NpyTest, ARowOfAnotherLengthIsNotWritten) {
  auto writer = NpyWriter::Create(folder_.path() + "/rows.npy", ExistingTarget::kRefuse, 1, 2);
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_EQ(writer->WriteRow(0, "abcd"), absl::InternalError("row 0 has 4 bytes, must have 8 for 2 columns"));
}

TEST_F(NpyTest, EveryVersionAndAnyWayToWriteTheDictIsRead) {
  const std::string dict = "{\"shape\":(1,1,),'fortran_order' :False, \"descr\": '<f4'}   \n";
  const auto one = Open(Npy(dict, "abcd"));
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(Row(*one, 0), "abcd");
  for (const char version : {'\x02', '\x03'}) {
    std::string content = absl::StrCat(kNpyMagic, std::string({version, '\0', static_cast<char>(dict.size())}));
    content.append(3, '\0');
    const auto matrix = Open(absl::StrCat(content, dict, "abcd"));
    ASSERT_TRUE(matrix.ok()) << matrix.status();
    EXPECT_EQ(Row(*matrix, 0), "abcd");
  }
}

TEST_F(NpyTest, TheLongestHeaderIsReadAndALongerOneRefused) {
  std::string dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), }";
  const auto content = [&](size_t length) {
    dict.resize(length, ' ');
    const std::string bytes = {static_cast<char>(length & 0xFFU), static_cast<char>(length >> 8), '\0', '\0'};
    return absl::StrCat(kNpyMagic, absl::string_view("\x02\x00", 2), bytes, dict, "abcd");
  };
  const auto longest = Open(content(10'000));
  ASSERT_TRUE(longest.ok()) << longest.status();
  EXPECT_EQ(Row(*longest, 0), "abcd");
  EXPECT_THAT(Open(content(10'001)).status().message(),
              HasSubstr("its header has 10001 bytes, must have at most 10000"));
}

TEST_F(NpyTest, ARowOfAFileThatWasShortenedIsAnError) {
  const auto matrix = Open(Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }", "abcdefgh"));
  ASSERT_TRUE(matrix.ok()) << matrix.status();
  const std::string path = folder_.path() + "/matrix.npy";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  const absl::Status status = matrix->ReadRow(1).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr(path + ": was written to while it was read"));
}

TEST_F(NpyTest, WhatIsNoNpyFileIsRefusedWithTheReason) {
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), }";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"text", "it does not begin as one"},
      {std::string(kNpyMagic), "it does not begin as one"},
      {absl::StrCat(kNpyMagic, "\x04", "1"), "version 4.49, must be 1.0, 2.0 or 3.0"},
      {absl::StrCat(kNpyMagic, absl::string_view("\x01\x00\x10", 3)), "it ends within the header"},
      {Npy(good).substr(0, 30), "it ends within the header"},
      {absl::StrCat(kNpyMagic, absl::string_view("\x02\x00\xff\xff\xff\xff", 6)), "its header has 4294967295 bytes"},
      {Npy(""), "its header must have { before ''"},
      {Npy("{'descr': '<f4'"), "must have , or } before ''"},
      {Npy("{'descr': '<f4}"), "must have descr as a string before '\\'<f4}'"},
      {Npy("{'descr': [('a', '<f4')], }"), "must have descr as a string before '[("},
      {Npy("{'descr': '<f4', 'descr': '<f4'}"), "key 'descr' appears twice"},
      {Npy("{'descr': '<f4', 'fortran_order': False}"), "the header has no shape"},
      {Npy("{'descr': '<f4', 'fortran_order': 0, 'shape': (1, 1)}"), "fortran_order as True or False before '0,"},
      {Npy("{'a\xff': 1}"), "there is no key 'a\\xff'"},
      {Npy("{'shape': (-1, 1)}"), "shape as a tuple of sizes before '-1, 1)}'"},
      {Npy("{'shape': (9223372036854775808, 1)}"), "shape as a tuple of sizes before ', 1)}'"},
      {Npy("{'shape': (1 1)}"), "shape as a tuple of sizes before '1)}'"},
      {Npy(absl::StrCat(good, "x")), "must have the end of the header before 'x'"},
      {Npy(good, "abcdefgh"), "has 8 bytes of elements, which do not make shape (1, 1)"},
      {Npy(good, "abc"), "has 3 bytes of elements"},
      {Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}"),
       "has 0 bytes of elements, which do not make shape (4611686018427387904, 4)"},
  };
  for (const auto& [content, reason] : cases) {
    const absl::Status status = Open(content).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << reason << ": " << status;
    EXPECT_THAT(status.message(), HasSubstr("/matrix.npy: "));
    EXPECT_THAT(status.message(), HasSubstr(reason));
  }
}

TEST_F(NpyTest, OtherArraysAreRefusedAsWhatTheyAre) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 1)}", "has elements of type '<f8', must have '<f4'"},
      {"{'descr': '>f4', 'fortran_order': False, 'shape': (0, 1)}", "has elements of type '>f4'"},
      {"{'descr': '<f4', 'fortran_order': True, 'shape': (0, 1)}", "is in Fortran's order"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': ()}", "has shape (), must have rows and one column"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", "has shape (3)"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 0)}", "has shape (3, 0)"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3)}", "has shape (1, 2, 3)"},
  };
  for (const auto& [dict, reason] : cases) {
    const absl::Status status = Open(Npy(dict)).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << reason << ": " << status;
    EXPECT_THAT(status.message(), HasSubstr(reason));
  }
}

}  // namespace
}  // namespace attnd
