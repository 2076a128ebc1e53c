#include "server/open_inference/infer_parameters.h"

#include <limits>
#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

using testing::HasSubstr;

inference::InferParameter Text(const char* text) {
  inference::InferParameter value;
  value.set_string_param(text);
  return value;
}

inference::InferParameter Number(int64_t number) {
  inference::InferParameter value;
  value.set_int64_param(number);
  return value;
}

inference::InferParameter Unsigned(uint64_t number) {
  inference::InferParameter value;
  value.set_uint64_param(number);
  return value;
}

inference::InferParameter Truth(bool truth) {
  inference::InferParameter value;
  value.set_bool_param(truth);
  return value;
}

absl::StatusOr<InferParameters> Decode(const std::string& name, const inference::InferParameter& value) {
  InferParameterMap messages;
  messages[name] = value;
  return DecodeParameters(messages);
}

void ExpectInvalid(const std::string& name, const inference::InferParameter& value, const char* text) {
  const absl::Status status = Decode(name, value).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << name << ": " << status;
  EXPECT_THAT(status.message(), HasSubstr("parameters[\"" + name + "\"]"));
  EXPECT_THAT(status.message(), HasSubstr(text));
}

TEST(DecodeParametersTest, NoneLeaveTheDefaults) {
  const auto parameters = DecodeParameters({});
  ASSERT_TRUE(parameters.ok());
  EXPECT_EQ(parameters->priority, Priority::kNormal);
  EXPECT_EQ(parameters->timeout, absl::InfiniteDuration());
  EXPECT_FALSE(parameters->pooling || parameters->normalize || parameters->dimensions || parameters->truncate ||
               parameters->final_response);
}

TEST(DecodeParametersTest, PrioritiesAreNumbersOrNames) {
  EXPECT_EQ(Decode("priority", Unsigned(0))->priority, Priority::kNormal);
  EXPECT_EQ(Decode("priority", Unsigned(1))->priority, Priority::kCritical);
  EXPECT_EQ(Decode("priority", Number(2))->priority, Priority::kHigh);
  EXPECT_EQ(Decode("priority", Number(3))->priority, Priority::kNormal);
  EXPECT_EQ(Decode("priority", Number(4))->priority, Priority::kLow);
  EXPECT_EQ(Decode("priority", Text("critical"))->priority, Priority::kCritical);
  EXPECT_EQ(Decode("priority", Text("low"))->priority, Priority::kLow);
  for (const auto& value : {Number(-1), Number(5), Unsigned(std::numeric_limits<uint64_t>::max()), Text("urgent"),
                            Truth(true), inference::InferParameter()}) {
    ExpectInvalid("priority", value, "must be 1 (\"critical\")");
  }
}

TEST(DecodeParametersTest, ATimeoutIsMicrosecondsAndZeroNone) {
  EXPECT_EQ(Decode("timeout", Number(0))->timeout, absl::InfiniteDuration());
  EXPECT_EQ(Decode("timeout", Number(7))->timeout, absl::Microseconds(7));
  EXPECT_EQ(Decode("timeout", Unsigned(7))->timeout, absl::Microseconds(7));
  ExpectInvalid("timeout", Number(-1), "= -1, must be microseconds");
  ExpectInvalid("timeout", Text("1s"), "= \"1s\", must be microseconds");
}

TEST(DecodeParametersTest, RefusesValuesOfOtherTypes) {
  ExpectInvalid("normalize", Text("true"), "= \"true\", must be a bool_param");
  ExpectInvalid("truncate", Number(1), "= 1, must be a bool_param");
  ExpectInvalid("dimensions", Text("3"), "must be an int64_param");
  ExpectInvalid("pooling", Number(1), "= 1, must be \"last\", \"mean\" or \"weighted_mean\"");
  ExpectInvalid("pooling", Text("cls"), "= \"cls\"");
  ExpectInvalid("pooling", inference::InferParameter(), "is empty");
}

TEST(DecodeParametersTest, RefusesUnknownNames) {
  ExpectInvalid("sequence_id", Number(1), "is not known; there are: pooling,");
  ExpectInvalid("", Number(1), "is not known");
}

TEST(DecodeParametersTest, TellsOutputsWhatTheyDoNotSayThemselves) {
  EXPECT_EQ(Decode("positions", Text("all"))->outputs.positions, Positions::kAll);
  EXPECT_EQ(Decode("k", Unsigned(7))->outputs.k, 7);
}

TEST(DecodeParametersTest, LetsKServesClientsSayThatRepliesShallBeBinary) {
  EXPECT_TRUE(Decode("binary_data_output", Truth(true)).ok());
  EXPECT_TRUE(Decode("binary_data_output", Truth(false)).ok());
  ExpectInvalid("binary_data_output", Text("true"), "must be a bool_param");
}

TEST(DecodeOutputOptionsTest, AreThoseThatTheOutputTakes) {
  InferParameterMap messages;
  EXPECT_EQ(DecodeOutputOptions(messages, "outputs[0]", {"positions"})->positions, std::nullopt);
  messages["positions"] = Text("all");
  EXPECT_EQ(DecodeOutputOptions(messages, "outputs[0]", {"positions"})->positions, Positions::kAll);
  messages["k"] = Number(3);
  EXPECT_EQ(DecodeOutputOptions(messages, "outputs[0]", {"positions", "k"})->k, 3);
  EXPECT_THAT(DecodeOutputOptions(messages, "outputs[0]", {"positions"}).status().message(),
              HasSubstr("outputs[0].parameters[\"k\"] is not known; this output has: positions, binary_data"));
  messages.clear();
  messages["positions"] = Text("first");
  EXPECT_THAT(DecodeOutputOptions(messages, "outputs[0]", {"positions"}).status().message(),
              HasSubstr("outputs[0].parameters[\"positions\"] = \"first\", must be \"last\" or \"all\""));
  EXPECT_THAT(DecodeOutputOptions(messages, "outputs[0]", {}).status().message(),
              HasSubstr("outputs[0].parameters[\"positions\"] is not known; this output has: binary_data"));
}

TEST(DecodeOutputOptionsTest, LetsKServesClientsSayThatItShallBeBinary) {
  InferParameterMap messages;
  messages["binary_data"] = Truth(true);
  EXPECT_TRUE(DecodeOutputOptions(messages, "outputs[0]", {}).ok());
  messages["binary_data"] = Number(1);
  EXPECT_THAT(DecodeOutputOptions(messages, "outputs[0]", {}).status().message(), HasSubstr("must be a bool_param"));
}

}  // namespace
}  // namespace attnd
