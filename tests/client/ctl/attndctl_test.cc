// The program attndctl, run as a user runs it.

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "client/tensor.h"
#include "engine/files/npy.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/client/fake_server.h"
#include "tests/client/subprocess.h"
#include "tests/engine/files/temporary_folder.h"

namespace attnd::client {
namespace {

using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

ProgramResult Attndctl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), ATTNDCTL);
  return RunProgram(arguments);
}

class AttndctlTest : public testing::Test {
 protected:
  ProgramResult Call(std::vector<std::string> arguments) {
    arguments.push_back("--server=" + server_.target());
    return Attndctl(std::move(arguments));
  }

  // The JSON object printed, or null and a failure.
  json CallForJson(std::vector<std::string> arguments) {
    arguments.push_back("--output=json");
    const ProgramResult result = Call(std::move(arguments));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return json::parse(result.out);
  }

  FakeServer server_;
};

TEST_F(AttndctlTest, ForwardPrintsShapesAndTiming) {
  const ProgramResult result = Call({"forward", "1,2", "3", "--layers=ln_f,h.0", "--positions=all", "--logits=last"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("h.0     [2, 4]"), HasSubstr("ln_f    [1, 4]"), HasSubstr("[1, 100]"),
                                Not(HasSubstr("Likeliest")),
                                HasSubstr("queue 1.00 ms, compute 2.00 ms, 7 tokens of 1 request in the batch")));
}

TEST_F(AttndctlTest, ForwardAsksForWhatTheFlagsSay) {
  Call({"forward", "1,2", "--layers=ln_f,h.0", "--positions=all", "--logits=last"});
  const v1::ForwardRequest request = server_.service().last_forward();
  EXPECT_THAT(request.inputs(0).token_ids().ids(), ElementsAre(1, 2));
  ASSERT_EQ(request.hidden_states_size(), 2);
  EXPECT_EQ(request.hidden_states(1).layer(), "h.0");
  EXPECT_EQ(request.hidden_states(1).positions(), v1::POSITIONS_ALL);
  EXPECT_EQ(request.logits(), v1::POSITIONS_LAST);
}

TEST_F(AttndctlTest, ForwardPrintsTheLikeliestTokensAndTheirTextsWhereTheInputIsText) {
  EXPECT_THAT(
      Call({"forward", "4,5", "--layers=", "--top_k=2"}).out,
      AllOf(StartsWith("Likeliest tokens after position 1 of input 0\n"),
            HasSubstr("   1   2  -1.0000          -0.5000\n"), HasSubstr("   2   1  -2.0000          -1.0000\n")));
  EXPECT_THAT(Call({"forward", "--text", "ab", "--layers=", "--top_k=2"}).out,
              AllOf(HasSubstr("   1   2  -1.0000          -0.5000  \"t2\"\n"), HasSubstr("  \"t1\"\n")));
  const json output = CallForJson({"forward", "4,5", "--top_k=2"});
  EXPECT_EQ(output["results"][0]["top_k"],
            json::parse(R"([{"position": 1, "ids": [2, 1], "logits": [-1, -2], "log_probabilities": [-0.5, -1]}])"));
}

TEST_F(AttndctlTest, ForwardPrintsLikelyIdsWithoutATokenWithoutTexts) {
  EXPECT_THAT(
      Call({"forward", "--text", "ab", "--layers=", "--top_k=91"}).out,
      AllOf(HasSubstr("   1  91   -1.0000          -0.5000\n"), HasSubstr("   2  90   -2.0000          -1.0000\n"),
            HasSubstr("   3  89   -3.0000          -1.5000  \"t89\"\n")));
}

TEST_F(AttndctlTest, NumbersArePrintedWhereTheKeyAllowsNoTexts) {
  server_.service().DenyTexts();
  EXPECT_THAT(Call({"forward", "--text", "ab", "--layers=", "--top_k=2"}).out,
              HasSubstr("   1   2  -1.0000          -0.5000\n"));
  EXPECT_THAT(Call({"score", "--text", "ab", "--per_token"}).out, HasSubstr("    1   7          -0.5000\n"));
}

TEST_F(AttndctlTest, ForwardAsksForListedPositions) {
  Call({"forward", "1,2,3", "--positions=2,0", "--logits=1", "--top_k=3", "--top_k_positions=0,1"});
  const v1::ForwardRequest request = server_.service().last_forward();
  ASSERT_EQ(request.hidden_states_size(), 1);
  EXPECT_EQ(request.hidden_states(0).positions(), v1::POSITIONS_LISTED);
  EXPECT_THAT(request.hidden_states(0).listed_positions(), ElementsAre(2, 0));
  EXPECT_EQ(request.logits(), v1::POSITIONS_LISTED);
  EXPECT_THAT(request.logits_listed_positions(), ElementsAre(1));
  EXPECT_EQ(request.top_k().k(), 3);
  EXPECT_THAT(request.top_k().listed_positions(), ElementsAre(0, 1));
}

TEST_F(AttndctlTest, ForwardAsJsonHasEveryValue) {
  const json output = CallForJson({"forward", "1,2", "3", "--positions=all", "--logits=last"});
  ASSERT_EQ(output["results"].size(), 2U);
  EXPECT_EQ(output["results"][0]["token_count"], 2);
  EXPECT_EQ(output["results"][0]["hidden_states"][0]["layer"], "ln_f");
  EXPECT_EQ(output["results"][0]["hidden_states"][0]["shape"], json({2, 4}));
  EXPECT_EQ(output["results"][0]["hidden_states"][0]["values"], json({0, 1, 2, 3, 0, 1, 2, 3}));
  EXPECT_EQ(output["results"][1]["logits"]["values"].size(), 100U);
  EXPECT_EQ(output["timing"]["batch_tokens"], 7);
  EXPECT_GT(output["timing"]["round_trip_seconds"], 0);
}

TEST_F(AttndctlTest, ForwardSendsAFileOfHiddenStates) {
  const std::string path = testing::TempDir() + "attndctl_hidden.f32";
  std::ofstream(path, std::ios::binary) << EncodeFloats({1, 2, 3, 4, 5, 6, 7, 8});
  const json output = CallForJson({"forward", "--hidden_file=" + path});
  EXPECT_EQ(output["results"][0]["token_count"], 2);
  EXPECT_THAT(server_.service().last_forward().inputs(0).hidden_states().shape(), ElementsAre(2, 4));
}

TEST_F(AttndctlTest, AFolderInPlaceOfAFileOfHiddenStatesIsAnError) {
  const ProgramResult result = Call({"forward", "--hidden_file=" + testing::TempDir()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err, "attndctl: NOT_FOUND: cannot read " + testing::TempDir() + "\n");
}

TEST_F(AttndctlTest, EmbedPrintsOneLineAnInput) {
  const ProgramResult result = Call({"embed", "1,2", "3"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("    0       2  [4]    3.7417"), HasSubstr("    1       1  [4]    5.4772")));
}

TEST_F(AttndctlTest, EmbedAsJsonHasEveryValue) {
  const json output = CallForJson({"embed", "1,2", "3", "--pooling=mean", "--normalize=false", "--dimensions=3"});
  EXPECT_EQ(output["embeddings"]["shape"], json({2, 4}));
  EXPECT_EQ(output["embeddings"]["values"], json({0, 1, 2, 3, 1, 2, 3, 4}));
  EXPECT_EQ(output["token_counts"], json({2, 1}));
  EXPECT_EQ(server_.service().last_embed().pooling(), v1::POOLING_MEAN);
  EXPECT_FALSE(server_.service().last_embed().normalize());
  EXPECT_EQ(server_.service().last_embed().dimensions(), 3);
}

TEST_F(AttndctlTest, ScorePrintsHowLikelyEveryInputIs) {
  const ProgramResult result = Call({"score", "11,12,13", "14"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  // -1/2 - 2/2; e^(1.5 / 2).
  EXPECT_THAT(result.out, AllOf(HasSubstr("    0       3          -1.5000        2.12\n"),
                                HasSubstr("    1       1           0.0000           -\n"), HasSubstr("queue 1.00 ms"),
                                Not(HasSubstr("Tokens of input"))));
  const v1::ForwardRequest request = server_.service().last_forward();
  EXPECT_TRUE(request.token_log_probabilities());
  EXPECT_EQ(request.hidden_states_size(), 0);
}

TEST_F(AttndctlTest, ScorePrintsEveryTokenWhereAsked) {
  EXPECT_THAT(Call({"score", "11,12,13", "--per_token"}).out,
              AllOf(HasSubstr("Tokens of input 0\n"), HasSubstr("    0  11                -"),
                    HasSubstr("    2  13          -1.0000")));
  EXPECT_THAT(
      Call({"score", "--text", "a\nb", "--per_token"}).out,
      AllOf(HasSubstr("    0   7                -  \"a\"\n"), HasSubstr("    1   7          -0.5000  \"\\n\"\n"),
            HasSubstr("    2   7          -1.0000  \"b\"\n")));
}

TEST_F(AttndctlTest, ScoreAsJsonHasEveryValue) {
  const json output = CallForJson({"score", "11,12,13", "14"});
  EXPECT_EQ(output["results"][0]["token_ids"], json({11, 12, 13}));
  EXPECT_EQ(output["results"][0]["log_probabilities"], json({-0.5, -1.0}));
  EXPECT_EQ(output["results"][0]["sum"], -1.5);
  EXPECT_NEAR(output["results"][0]["perplexity"], 2.117, 1e-3);
  EXPECT_TRUE(output["results"][1]["perplexity"].is_null());
  EXPECT_EQ(output["results"][1]["sum"], 0);
  EXPECT_EQ(output["timing"]["batch_tokens"], 7);
}

TEST_F(AttndctlTest, ScoreNeedsAnInput) {
  const ProgramResult result = Call({"score"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("score needs an input"));
}

class AttndctlLinesTest : public AttndctlTest {
 protected:
  // Every line gets the vector {length, 1, 0, 0} and as many tokens as bytes.
  AttndctlLinesTest() { AnswerLinesAs("0123456789ab-1"); }

  void AnswerLinesAs(const std::string& model_version) {
    server_.service().AnswerItemsWith([model_version](const v1::EmbedStreamRequest& item) {
      v1::EmbedStreamResponse answer;
      answer.set_id(item.id());
      answer.set_model_version(model_version);
      const size_t length = item.input().text().size();
      *answer.mutable_result()->mutable_embedding() = EncodeTensor({static_cast<float>(length), 1, 0, 0}, {4}).value();
      answer.mutable_result()->set_token_count(static_cast<uint32_t>(length));
      return answer;
    });
  }

  std::string WriteLines(const std::string& text) const { return folder_.Write("lines.txt", text); }

  const TemporaryFolder folder_;
  const std::string out_ = folder_.path() + "/vectors.npy";
};

TEST_F(AttndctlLinesTest, EmbedWritesAFileOfVectors) {
  const std::string lines = WriteLines("a\nbbb\n");
  const ProgramResult result = Call({"embed", "--text_lines=" + lines, "--out=" + out_});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              AllOf(StartsWith("2 lines, 4 tokens in "), EndsWith(" tokens/s: " + out_ + ", float32 [2, 4]\n")));
  EXPECT_EQ(result.err, "embedding " + lines + "\n");
  const auto vectors = NpyMatrix::Open(out_);
  ASSERT_TRUE(vectors.ok()) << vectors.status();
  ASSERT_EQ(vectors->rows(), 2);
  EXPECT_THAT(*vectors->ReadRow(0), ElementsAre(1, 1, 0, 0));
  EXPECT_THAT(*vectors->ReadRow(1), ElementsAre(3, 1, 0, 0));
}

TEST_F(AttndctlLinesTest, EmbedToAFileAsJsonSaysWhatItWrote) {
  const json output = CallForJson({"embed", "--text_lines=" + WriteLines(""), "--out=" + out_});
  EXPECT_EQ(output["file"], out_);
  EXPECT_EQ(output["shape"], json({0, 4}));
  EXPECT_EQ(output["token_count"], 0);
  EXPECT_EQ(NpyMatrix::Open(out_)->columns(), 4);
}

TEST_F(AttndctlLinesTest, EmbedReplacesAFileOnlyWhereToldTo) {
  const std::string lines = "--text_lines=" + WriteLines("a\n");
  folder_.Write("vectors.npy", "old");
  const ProgramResult refused = Call({"embed", lines, "--out=" + out_});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, EndsWith("attndctl: ALREADY_EXISTS: " + out_ +
                                    ": is there already, and is not to be overwritten; --overwrite replaces it\n"));
  EXPECT_EQ(Call({"embed", lines, "--out=" + out_, "--overwrite"}).exit_code, 0);
  EXPECT_EQ(NpyMatrix::Open(out_)->rows(), 1);
}

TEST_F(AttndctlLinesTest, ALineThatFailsIsNamedAndNoFileIsLeft) {
  const std::string lines = WriteLines("a\n\nb\n");
  const ProgramResult result = Call({"embed", "--text_lines=" + lines, "--out=" + out_});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, EndsWith("attndctl: INVALID_ARGUMENT: line 2 of " + lines +
                                   " is empty, and a text without tokens has no vector\n"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
}

TEST_F(AttndctlLinesTest, AVectorOfAnotherLengthThanTheModelsIsNotWritten) {
  const ProgramResult result = Call({"embed", "--text_lines=" + WriteLines("a\n"), "--out=" + out_, "--dimensions=3"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("INTERNAL: row 0 has 16 bytes, must have 12 for 3 columns"));
}

// The fake's vector for the query is {0, 1, 2, 3}.
TEST_F(AttndctlLinesTest, SimilarPrintsTheNearestLinesFirst) {
  const std::string lines = "--text_lines=" + WriteLines("ccccc\na\nbb\n");
  const ProgramResult result = Call({"similar", "--text", "x", lines, "--top=2"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "cosine  line  text\n0.1890     2  a\n0.1195     3  bb\n");
  ASSERT_EQ(Call({"embed", lines, "--out=" + out_}).exit_code, 0);
  const json output = CallForJson({"similar", "1,2", lines, "--vectors=" + out_});
  EXPECT_EQ(output["line_count"], 3);
  ASSERT_EQ(output["matches"].size(), 3U);
  EXPECT_EQ(output["matches"][0]["text"], "a");
  EXPECT_EQ(output["matches"][2]["line"], 1);
}

TEST_F(AttndctlLinesTest, SimilarComparesNoVectorsOfTwoModels) {
  const std::string lines = "--text_lines=" + WriteLines("a\n");
  AnswerLinesAs("fedcba987654-1");
  const ProgramResult result = Call({"similar", "1", lines});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, HasSubstr("ABORTED: the query's vector is of the model 0123456789ab-1 and the lines' are of "
                                    "fedcba987654-1: the server has replaced its model"));
  AnswerLinesAs("0123456789ab-2");
  EXPECT_EQ(Call({"similar", "1", lines}).exit_code, 0) << "the same weights, loaded again";
}

TEST_F(AttndctlLinesTest, SimilarRefusesVectorsThatDoNotGoWithTheLines) {
  const auto error = [&](const std::string& vectors) {
    const ProgramResult result =
        Call({"similar", "1", "--text_lines=" + WriteLines("a\n"), "--vectors=" + folder_.Write("v.npy", vectors)});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.out, IsEmpty());
    return result.err;
  };
  const std::string nan = EncodeFloats({1, 1, 1, NAN});
  EXPECT_THAT(error("no such thing"), HasSubstr("DATA_LOSS: " + folder_.path() + "/v.npy: is no .npy file"));
  EXPECT_THAT(error(NpyHeader(0, 4)), HasSubstr("--vectors has 0 rows, must have 1, one for each line"));
  EXPECT_THAT(error(NpyHeader(1, 3) + std::string(12, '\0')), HasSubstr("--vectors has 3 columns, must have 4"));
  EXPECT_THAT(error(NpyHeader(1, 4) + nan), HasSubstr("--vectors has numbers in row 0 that are not finite"));
}

TEST_F(AttndctlTest, ModelIsDescribed) {
  EXPECT_THAT(Call({"model"}).out, AllOf(HasSubstr("fake"), HasSubstr("152,791,296")));
  const json output = CallForJson({"model"});
  EXPECT_EQ(output["parameter_count"], 152791296);
  EXPECT_EQ(output["config"]["vocabulary_size"], 100);
  EXPECT_EQ(output["limits"]["max_input_tokens"], 16);
}

TEST_F(AttndctlTest, HealthExitsWithZeroOnlyWhileServing) {
  EXPECT_EQ(Call({"health"}).exit_code, 0);
  EXPECT_EQ(CallForJson({"health"}), json({{"status", "SERVING"}}));
  server_.SetServing(false);
  const ProgramResult result = Call({"health"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err, "attndctl: UNAVAILABLE: the server answers NOT_SERVING\n");
}

TEST_F(AttndctlTest, AFailedCallPrintsItsCodeAndMessage) {
  server_.service().AnswerWith({grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "inputs is empty")});
  const ProgramResult result = Call({"embed", "1"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_EQ(result.err, "attndctl: INVALID_ARGUMENT: inputs is empty\n");
}

TEST(AttndctlWithoutServerTest, HealthExitsWithOne) {
  const ProgramResult result = Attndctl({"health", "--server=" + UnusedTarget()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, StartsWith("attndctl: UNAVAILABLE: "));
}

TEST(AttndctlWithoutServerTest, HelpAndNoArgumentsPrintTheUsage) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{}, {"--help"}, {"embed", "-h"}}) {
    const ProgramResult result = Attndctl(arguments);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.out, StartsWith("attndctl: calls an attnd server"));
    EXPECT_THAT(result.err, IsEmpty());
  }
}

TEST(AttndctlWithoutServerTest, ANewKeyIsPrintedWithItsLine) {
  const ProgramResult result = Attndctl({"key", "new", "--id=indexer", "--methods=Embed,GetModel",
                                         "--tokens_per_second=20000", "--burst_tokens=65536", "--output=json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const json output = json::parse(result.out);
  EXPECT_THAT(output["key"].get<std::string>(), StartsWith("attnd_"));
  EXPECT_THAT(output["line"].get<std::string>(), StartsWith("id=indexer sha256="));
  EXPECT_THAT(output["line"].get<std::string>(),
              EndsWith(" methods=Embed,GetModel tokens_per_second=20000 burst_tokens=65536"));
}

struct WrongUsage {
  std::vector<std::string> arguments;
  std::string message;
};

TEST(AttndctlWithoutServerTest, WrongUsageIsNamedAndExitsWithTwo) {
  const std::vector<WrongUsage> cases = {
      {{"--output=json"}, "no command given"},
      {{"frobnicate"}, "no command 'frob"},
      {{"forward"}, "forward needs an input"},
      {{"embed"}, "embed needs an input"},
      {{"embed", "1", "--out=x.npy"}, "embed --out takes the lines of --text_lines, and nothing else"},
      {{"embed", "1", "--overwrite"}, "--overwrite needs --out"},
      {{"embed", "--out=x.npy", "--text_lines=/no/such"}, "cannot read /no/such"},
      {{"similar", "1"}, "similar needs --text_lines"},
      {{"similar", "--text_lines=/dev/null"}, "similar takes one input, to compare lines with"},
      {{"similar", "1", "2", "--text_lines=/dev/null"}, "similar takes one input, to compare lines with"},
      {{"similar", "1", "--text_lines=/dev/null", "--top=0"}, "--top must be above 0"},
      {{"model", "1"}, "model takes no input"},
      {{"reload", "DIR"}, "reload takes no input"},
      {{"embed", "1,two"}, "'two' in '1,two' is not a token id"},
      {{"embed", "1", "--logits=last"}, "embed takes no --logits"},
      {{"key"}, "key takes one word: new"},
      {{"key", "old", "--id=a"}, "key takes one word: new"},
      {{"key", "new"}, "the new key:1: id='', must be 1 to 40 letters"},
      {{"key", "new", "--id=a", "--methods=embed"}, "the new key:1: no method 'embed'; there are: *, Forward"},
      {{"key", "new", "--id=a", "--server=localhost:1"}, "key takes no --server"},
      {{"embed", "1", "--output=xml"}, "no output format 'xml'"},
      {{"forward", "1", "--positions=first"}, "no positions 'first'"},
      {{"forward", "1", "--positions=none"}, "no positions 'none'; there are: last, all"},
      {{"model", "--nonsense"}, "there is no flag --nonsense"},
      {{"health", "--timeout_ms=0"}, "--timeout_ms must be above 0"},
      {{"health", "--timeout_ms=soon"}, "--timeout_ms cannot be 'soon'"},
  };
  for (const WrongUsage& wrong : cases) {
    const ProgramResult result = Attndctl(wrong.arguments);
    EXPECT_EQ(result.exit_code, 2) << wrong.message;
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, StartsWith("attndctl: " + wrong.message));
  }
}

}  // namespace
}  // namespace attnd::client
