#include "server/open_inference/input_tensors.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/open_inference/messages.h"

namespace attnd {
namespace {

using inference::ModelInferRequest;
using testing::ElementsAre;
using testing::HasSubstr;

void ExpectInvalid(const absl::Status& status, const char* text) {
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr(text));
}

TEST(FindInputTensorsTest, FindsThemByNameInAnyOrder) {
  ModelInferRequest message;
  AddInt64("lengths", {1}, {1}, message);
  AddInt64("input_ids", {1, 1}, {7}, message);
  const auto tensors = FindInputTensors(message);
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  EXPECT_EQ(tensors->input_ids->message, &message.inputs(1));
  EXPECT_EQ(tensors->lengths->message, &message.inputs(0));
  EXPECT_FALSE(tensors->text.has_value());
  EXPECT_EQ(tensors->input_ids->raw, nullptr);
}

TEST(FindInputTensorsTest, RefusesUnknownNamesDuplicatesAndParameters) {
  ModelInferRequest unknown;
  AddInt64("token_type_ids", {1}, {1}, unknown);
  ExpectInvalid(FindInputTensors(unknown).status(), "inputs[0].name = \"token_type_ids\", must be input_ids,");
  ModelInferRequest twice;
  AddInt64("text", {1}, {1}, twice);
  AddInt64("text", {1}, {1}, twice);
  ExpectInvalid(FindInputTensors(twice).status(), "inputs[1].name = \"text\" is there twice");
  ModelInferRequest shared;
  (*AddTensor("input_ids", "INT64", {1, 1}, shared).mutable_parameters())["shared_memory_region"].set_string_param("r");
  ExpectInvalid(FindInputTensors(shared).status(), "inputs[0].parameters[\"shared_memory_region\"] is not known");
}

// KServe's clients send it with raw elements.
TEST(FindInputTensorsTest, TakesTheSizeOfRawElementsWhereItIsTrue) {
  ModelInferRequest message;
  AddRaw("input_ids", "INT32", {1, 2}, std::string(8, '\0'), message);
  auto& size = (*message.mutable_inputs(0)->mutable_parameters())["binary_data_size"];
  size.set_int64_param(8);
  EXPECT_TRUE(FindInputTensors(message).ok());
  size.set_int64_param(9);
  ExpectInvalid(FindInputTensors(message).status(), "inputs[0].parameters[\"binary_data_size\"] = 9, must be 8");
  size.set_string_param("8");
  ExpectInvalid(FindInputTensors(message).status(), "= \"8\", must be 8");
  size.set_int64_param(8);
  message.clear_raw_input_contents();
  ExpectInvalid(FindInputTensors(message).status(), "is there, and raw_input_contents are not");
}

TEST(FindInputTensorsTest, RefusesAMixOfRawAndTyped) {
  ModelInferRequest mixed;
  AddRaw("input_ids", "INT32", {1, 1}, std::string(4, '\0'), mixed);
  AddInt64("lengths", {1}, {1}, mixed);
  ExpectInvalid(FindInputTensors(mixed).status(), "raw_input_contents has 1 entries, must have one for each of 2");
  mixed.add_raw_input_contents(std::string(8, '\0'));
  ExpectInvalid(FindInputTensors(mixed).status(), "inputs[1].contents stands beside raw_input_contents");
}

absl::Status ReadRawInt32(const std::string& bytes) {
  ModelInferRequest message;
  AddRaw("input_ids", "INT32", {1, 2}, bytes, message);
  return ReadIntegers({.message = &message.inputs(0), .raw = &message.raw_input_contents(0)}, 2).status();
}

TEST(ReadIntegersTest, RefusesRawBytesThatAreNotTheShape) {
  EXPECT_TRUE(ReadRawInt32(std::string(8, '\0')).ok());
  for (const size_t size : {size_t{0}, size_t{7}, size_t{9}, size_t{16}}) {
    ExpectInvalid(ReadRawInt32(std::string(size, '\0')), "bytes, must have 8 for shape [1, 2] of INT32");
  }
}

TEST(ReadIntegersTest, RawIntegersKeepTheirSign) {
  ModelInferRequest message;
  AddRaw("input_ids", "INT32", {1, 2}, std::string("\xff\xff\xff\xff\x00\x00\x00\x80", 8), message);
  const InputTensor tensor = {.message = &message.inputs(0), .raw = &message.raw_input_contents(0)};
  EXPECT_THAT(*ReadIntegers(tensor, 2), ElementsAre(-1, -2147483648));
}

TEST(ReadIntegersTest, RefusesElementsInAnotherField) {
  ModelInferRequest message;
  AddInt64("input_ids", {1, 2}, {1, 2}, message);
  message.mutable_inputs(0)->mutable_contents()->add_fp32_contents(1);
  ExpectInvalid(ReadIntegers({.message = &message.inputs(0)}, 2).status(), "has 1 elements outside int64_contents");
  message.mutable_inputs(0)->set_datatype("INT32");
  ExpectInvalid(ReadIntegers({.message = &message.inputs(0)}, 2).status(), "int_contents has 0 elements, must have 2");
}

TEST(ReadIntegersTest, RefusesOtherTypes) {
  for (const char* datatype : {"FP32", "UINT64", "", "int64", "BYTES"}) {
    ModelInferRequest message;
    AddTensor("input_ids", datatype, {1, 1}, message);
    ExpectInvalid(ReadIntegers({.message = &message.inputs(0)}, 1).status(), "must be INT64 or INT32");
  }
}

absl::StatusOr<std::vector<std::string>> ReadRawBytes(const std::string& bytes, int64_t count) {
  ModelInferRequest message;
  AddRaw("text", "BYTES", {count}, bytes, message);
  const auto strings = ReadByteStrings({.message = &message.inputs(0), .raw = &message.raw_input_contents(0)}, count);
  if (!strings.ok()) return strings.status();
  return std::vector<std::string>(strings->begin(), strings->end());
}

TEST(ReadByteStringsTest, ElementsStandBehindTheirLengths) {
  EXPECT_THAT(*ReadRawBytes(std::string("\x02\0\0\0hi\0\0\0\0\x01\0\0\0!", 15), 3), ElementsAre("hi", "", "!"));
}

TEST(ReadByteStringsTest, RefusesLengthsThatDoNotFit) {
  for (const auto& [bytes, text] : std::vector<std::pair<std::string, const char*>>{
           {"", "ends within the length of element 0 of 1"},
           {std::string("\x01\0\0", 3), "ends within the length of element 0 of 1"},
           {std::string("\x03\0\0\0hi", 6), "has 2 bytes left for element 0, whose length is 3"},
           {std::string("\xff\xff\xff\xffhi", 6), "whose length is 4294967295"},
           {std::string("\x01\0\0\0hi", 6), "has 1 bytes behind the last of 1 elements"}}) {
    ExpectInvalid(ReadRawBytes(bytes, 1).status(), text);
  }
}

TEST(TextByteCountTest, CountsTextAloneTypedOrRaw) {
  ModelInferRequest typed;
  AddBytes("text", {2}, {"abc", "d"}, typed);
  AddInt64("lengths", {2}, {1, 1}, typed);
  EXPECT_EQ(TextByteCount(typed), 4);
  ModelInferRequest raw;
  AddRaw("input_ids", "INT32", {1, 1}, std::string(4, '\0'), raw);
  AddRaw("text", "BYTES", {1}, std::string(9, 'x'), raw);
  EXPECT_EQ(TextByteCount(raw), 9);
}

}  // namespace
}  // namespace attnd
