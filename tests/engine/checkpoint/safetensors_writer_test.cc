#include "engine/checkpoint/safetensors_writer.h"

#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "engine/checkpoint/safetensors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/checkpoint/checkpoint_files.h"
#include "tests/engine/files/temporary_folder.h"

namespace attnd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string Sha256Of(absl::string_view bytes) {
  Sha256Hasher hasher;
  hasher.Update(bytes.data(), bytes.size());
  return hasher.Finish();
}

std::string BytesOf(const SafetensorsFile& file, const std::string& tensor) {
  const SafetensorsEntry& entry = file.tensors().at(tensor);
  std::string bytes(static_cast<size_t>(entry.byte_count), '\0');
  EXPECT_TRUE(file.Read(entry, 0, absl::MakeSpan(bytes)).ok());
  return bytes;
}

class SafetensorsWriterTest : public testing::Test {
 protected:
  // A file of a vector and a matrix.
  absl::StatusOr<SafetensorsWriter> Create(FloatFormat format) const {
    return SafetensorsWriter::Create(path_, {{"vector", {3}}, {"matrix", {2, 1}}}, format);
  }

  const TemporaryFolder folder_;
  const std::string path_ = folder_.path() + "/model.safetensors";
};

TEST_F(SafetensorsWriterTest, TheReaderGetsTheSameBytes) {
  const std::vector<float> vector = {1, -2.5F, std::numeric_limits<float>::denorm_min()};
  const std::vector<float> matrix = {1e30F, -0.0F};
  auto writer = Create(FloatFormat::kFloat32);
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE(writer->Append(vector).ok());
  ASSERT_TRUE(writer->Append(matrix).ok());
  const auto sha256 = writer->Finish();
  ASSERT_TRUE(sha256.ok()) << sha256.status();

  const auto file = SafetensorsFile::Open(path_);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_EQ(file->tensors().size(), 2U);
  const SafetensorsEntry& entry = file->tensors().at("vector");
  EXPECT_EQ(entry.dtype, "F32");
  EXPECT_THAT(entry.shape, ElementsAre(3));
  EXPECT_EQ(BytesOf(*file, "vector"), FloatBytes(vector));
  EXPECT_THAT(file->tensors().at("matrix").shape, ElementsAre(2, 1));
  EXPECT_EQ(BytesOf(*file, "matrix"), FloatBytes(matrix));
  EXPECT_EQ(*sha256, Sha256Of(Content(path_)));
}

TEST_F(SafetensorsWriterTest, HalfPrecisionIsRounded) {
  for (const auto& [format, dtype, third] :
       {std::tuple(FloatFormat::kFloat16, "F16", 0x3555), std::tuple(FloatFormat::kBfloat16, "BF16", 0x3EAB)}) {
    auto writer = Create(format);
    ASSERT_TRUE(writer.ok()) << writer.status();
    ASSERT_TRUE(writer->Append({0, 1.0F / 3, 0}).ok());
    ASSERT_TRUE(writer->Append({0, 0}).ok());
    ASSERT_TRUE(writer->Finish().ok());
    const auto file = SafetensorsFile::Open(path_);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(file->tensors().at("vector").dtype, dtype);
    const std::string bytes = BytesOf(*file, "vector");
    ASSERT_EQ(bytes.size(), 6U);
    EXPECT_EQ(static_cast<uint8_t>(bytes[2]) | static_cast<uint8_t>(bytes[3]) << 8, third);
    std::filesystem::remove(path_);
  }
}

TEST_F(SafetensorsWriterTest, DataIsAlignedAndTransformersKnowsItsOwn) {
  auto writer = Create(FloatFormat::kFloat32);
  ASSERT_TRUE(writer.ok()) << writer.status();
  const std::string content = Content(path_);
  uint64_t header_bytes = 0;
  ASSERT_GE(content.size(), sizeof(header_bytes));
  std::memcpy(&header_bytes, content.data(), sizeof(header_bytes));
  EXPECT_EQ(header_bytes % 8, 0U);
  EXPECT_EQ(content.size(), 8 + header_bytes);
  EXPECT_THAT(content, HasSubstr(R"({"__metadata__":{"format":"pt"},"vector":)"));
}

TEST_F(SafetensorsWriterTest, AValueBeyondTheFormatIsNamed) {
  auto writer = Create(FloatFormat::kFloat16);
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE(writer->Append({65504, 65519.9F, -65504}).ok());
  const absl::Status status = writer->Append({1, -65520});
  EXPECT_TRUE(absl::IsOutOfRange(status)) << status;
  EXPECT_EQ(status.message(), path_ + ": tensor \"matrix\": element 1 = -65520, is too large for F16");
}

TEST_F(SafetensorsWriterTest, AFileThatIsThereIsNotWrittenInto) {
  folder_.Write("model.safetensors", "something");
  const absl::Status status = Create(FloatFormat::kFloat32).status();
  EXPECT_TRUE(absl::IsAlreadyExists(status)) << status;
  EXPECT_THAT(status.message(), StartsWith(path_ + ": cannot be created: "));
  EXPECT_EQ(Content(path_), "something");
}

// As a full disk would: the system takes part of the bytes, then refuses.
TEST_F(SafetensorsWriterTest, WhatTheDiskDoesNotTakeIsAnError) {
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit = {.rlim_cur = 4096, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  const absl::Cleanup restore = [&] {
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
  };
  auto writer = SafetensorsWriter::Create(path_, {{"large", {2048}}}, FloatFormat::kFloat32);
  ASSERT_TRUE(writer.ok()) << writer.status();
  const absl::Status status = writer->Append(std::vector<float>(2048));
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), AllOf(StartsWith(path_ + ": cannot be written: "), HasSubstr("File too large")));
}

}  // namespace
}  // namespace attnd
