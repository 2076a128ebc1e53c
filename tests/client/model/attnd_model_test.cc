// The program attnd-model, run as a user runs it.

#include <sched.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/client/subprocess.h"
#include "tests/engine/files/temporary_folder.h"

namespace attnd::client {
namespace {

namespace fs = std::filesystem;

using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

ProgramResult AttndModel(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), ATTND_MODEL);
  return RunProgram(arguments);
}

class AttndModelTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }

  // A model of 2 layers, made in no time.
  ProgramResult Init(const std::string& name, std::vector<std::string> flags = {}) const {
    std::vector<std::string> arguments = {"init",      Path(name),    "--layers=2",     "--width=8",
                                          "--heads=2", "--context=6", "--vocabulary=40"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return AttndModel(std::move(arguments));
  }

  // The JSON object printed, or null and a failure.
  static json ForJson(std::vector<std::string> arguments) {
    arguments.push_back("--output=json");
    const ProgramResult result = AttndModel(std::move(arguments));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return json::parse(result.out, nullptr, /*allow_exceptions=*/false);
  }

  std::ptrdiff_t EntryCount() const {
    return std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator());
  }

  const TemporaryFolder folder_;
};

// 40 x 8 tokens, 6 x 8 positions; a layer has 12 C^2 + 13 C parameters, of which 4 C are norms'; 2 C at the end.
TEST_F(AttndModelTest, ANewModelIsWhatInspectSaysOfIt) {
  const ProgramResult made = Init("new");
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out, AllOf(HasSubstr("written     " + Path("new")), HasSubstr("2,128 in 2 layers, F32")));
  EXPECT_EQ(made.err, "writing " + Path("new") + "\n");
  const json inspection = ForJson({"inspect", Path("new")});
  EXPECT_EQ(inspection["parameter_count"], 2128);
  EXPECT_EQ(inspection["parameters"], json::parse(R"({"token_embedding": 320, "position_embedding": 48,
      "attention": 576, "feed_forward": 1104, "layer_norm": 80, "output_head": 0})"));
  EXPECT_EQ(inspection["file_bytes"], json::parse(R"({"f32": 8512, "bf16": 4256, "f16": 4256})"));
  EXPECT_EQ(inspection["server_bytes"]["f32"], 8512);
  EXPECT_EQ(inspection["config"]["layer_count"], 2);
  EXPECT_EQ(inspection["config"]["feed_forward_length"], 32);
  ASSERT_EQ(inspection["tensors"].size(), 28U);
  EXPECT_EQ(inspection["tensors"][0], json::parse(R"({"name": "transformer.h.0.attn.c_attn.bias", "dtype": "F32",
      "shape": [24], "file": "model.safetensors", "used": true})"));
  EXPECT_THAT(made.out, HasSubstr("sha256 " + inspection["weights_sha256"].get<std::string>()));
}

TEST_F(AttndModelTest, AFolderWhoseNameIsNotUtf8IsWrittenAndTold) {
  const ProgramResult made = Init("new\xff", {"--output=json"});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(json::parse(made.out)["folder"], Path("new\xef\xbf\xbd"));
  EXPECT_TRUE(fs::exists(Path("new\xff/model.safetensors")));
}

TEST_F(AttndModelTest, InspectPrintsATableForPeople) {
  ASSERT_EQ(Init("new", {"--tied_head=false", "--feed_forward=5"}).exit_code, 0);
  const ProgramResult result = AttndModel({"inspect", Path("new")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("channels     8 in 2 heads, feed-forward 5\n"),
                                HasSubstr("output head  its own weights\n"), HasSubstr("\ntoken embedding "),
                                HasSubstr("\ntransformer.h.*.attn.c_attn.weight  F32   [8, 24]       2\n"),
                                HasSubstr("\nlm_head.weight ")));
}

TEST_F(AttndModelTest, ASeedMakesTheSameModelAgain) {
  ASSERT_EQ(Init("a", {"--seed=1"}).exit_code, 0);
  ASSERT_EQ(Init("b", {"--seed=1"}).exit_code, 0);
  ASSERT_EQ(Init("c", {"--seed=2"}).exit_code, 0);
  EXPECT_EQ(Content(Path("a/model.safetensors")), Content(Path("b/model.safetensors")));
  EXPECT_NE(Content(Path("a/model.safetensors")), Content(Path("c/model.safetensors")));
}

TEST_F(AttndModelTest, AGrownModelTakesItsTokenizerAlong) {
  ASSERT_EQ(Init("old", {"--dtype=f16"}).exit_code, 0);
  std::ofstream(Path("old/tokenizer.json")) << "{}";
  std::ofstream(Path("old/merges.txt")) << "";
  std::ofstream(Path("old/optimizer.pt")) << "not of the model";
  const json grown = ForJson({"grow", Path("old"), Path("new"), "--layers=5", "--new_layers=spread"});
  EXPECT_EQ(grown["dtype"], "F16");
  EXPECT_EQ(Content(Path("new/tokenizer.json")), "{}");
  EXPECT_TRUE(fs::exists(Path("new/merges.txt")));
  EXPECT_FALSE(fs::exists(Path("new/optimizer.pt")));
  const json inspection = ForJson({"inspect", Path("new")});
  EXPECT_EQ(inspection["config"]["layer_count"], 5);
  EXPECT_EQ(inspection["weights_sha256"], grown["weights_sha256"]);
}

TEST_F(AttndModelTest, ConvertingThereAndBackLosesNothingThatWasNotRounded) {
  ASSERT_EQ(Init("rounded", {"--dtype=bf16"}).exit_code, 0);
  ASSERT_EQ(AttndModel({"convert", Path("rounded"), Path("f32"), "--dtype=f32"}).exit_code, 0);
  ASSERT_EQ(AttndModel({"convert", Path("f32"), Path("back"), "--dtype=bf16"}).exit_code, 0);
  EXPECT_EQ(Content(Path("back/model.safetensors")), Content(Path("rounded/model.safetensors")));
  EXPECT_EQ(json::parse(Content(Path("f32/config.json")))["torch_dtype"], "float32");
  EXPECT_EQ(Content(Path("back/config.json")), Content(Path("rounded/config.json")));
}

TEST_F(AttndModelTest, AccuracyComparesTheTypesWithF32) {
  ASSERT_EQ(Init("new").exit_code, 0);
  const json accuracy = ForJson({"accuracy", Path("new")});
  for (const char* type : {"bf16", "int8"}) {
    EXPECT_GT(accuracy[type]["least_cosine"], 0.99) << accuracy;
    EXPECT_GT(accuracy[type]["hidden_error"], 0) << accuracy;
  }
  EXPECT_THAT(AttndModel({"accuracy", Path("new")}).out, StartsWith("type  least cosine  hidden error"));
}

// The ids are those that cases.json has from Hugging Face.
TEST(AttndModelTokenizeTest, TextsBecomeTheIdsOfTheTokenizerInTheFolder) {
  const std::string folder = ATTND_SOURCE_FOLDER "/tests/golden/tiny";
  const json cases = json::parse(Content(folder + "/cases.json"));
  std::vector<std::string> arguments = {"tokenize", folder, "--output=json", "--"};
  for (const json& one : cases) arguments.push_back(one["text"]);
  const json output = json::parse(AttndModel(arguments).out);
  ASSERT_EQ(output["texts"].size(), cases.size());
  for (size_t i = 0; i < cases.size(); ++i) EXPECT_EQ(output["texts"][i]["ids"], cases[i]["ids"]) << cases[i];
  const ProgramResult table = AttndModel({"tokenize", folder, "Hello"});
  EXPECT_THAT(table.out, AllOf(StartsWith(" id  bytes  token\n"), HasSubstr("0-1  \"H\"\n")));
}

TEST_F(AttndModelTest, WhatIsThereIsOverwrittenOnRequestAlone) {
  ASSERT_EQ(Init("new", {"--seed=1"}).exit_code, 0);
  const std::string before = Content(Path("new/model.safetensors"));
  const ProgramResult refused = Init("new", {"--seed=2"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("attnd-model: ALREADY_EXISTS: " + Path("new") +
                                     ": is there already, and is not to be overwritten; --overwrite replaces it\n"));
  EXPECT_EQ(Content(Path("new/model.safetensors")), before);
  ASSERT_EQ(Init("new", {"--seed=2", "--overwrite"}).exit_code, 0);
  EXPECT_NE(Content(Path("new/model.safetensors")), before);
  EXPECT_EQ(EntryCount(), 1);
}

TEST_F(AttndModelTest, AModelIsReplacedByItsOwnConversion) {
  ASSERT_EQ(Init("new").exit_code, 0);
  ASSERT_EQ(AttndModel({"convert", Path("new"), Path("new"), "--dtype=bf16", "--overwrite"}).exit_code, 0);
  EXPECT_EQ(ForJson({"inspect", Path("new")})["tensors"][0]["dtype"], "BF16");
  EXPECT_EQ(EntryCount(), 1);
}

TEST_F(AttndModelTest, AFailureLeavesNothing) {
  ASSERT_EQ(Init("new").exit_code, 0);
  // The last weight becomes 1e38, which no half holds.
  std::fstream file(Path("new/model.safetensors"), std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(-4, std::ios::end);
  file.write("\x99\x76\x96\x7e", 4);
  file.close();
  const ProgramResult result = AttndModel({"convert", Path("new"), Path("half"), "--dtype=f16"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("attnd-model: OUT_OF_RANGE: "),
                    HasSubstr("tensor \"transformer.ln_f.bias\": element 7 = 1e+38, is too large for F16")));
  EXPECT_EQ(EntryCount(), 1);
}

TEST_F(AttndModelTest, AnInterruptLeavesNothing) {
  // Would take gigabytes, were it let.
  Subprocess process({ATTND_MODEL, "init", Path("new"), "--layers=1000", "--width=768"});
  while (EntryCount() == 0) sched_yield();
  process.Signal(SIGINT);
  const ProgramResult result = process.Wait();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("attnd-model: CANCELLED: interrupted; nothing was written\n"));
  EXPECT_EQ(EntryCount(), 0);
}

TEST_F(AttndModelTest, FailuresNameTheFile) {
  const ProgramResult missing = AttndModel({"inspect", Path("none")});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.err, StartsWith("attnd-model: NOT_FOUND: " + Path("none/config.json") + ": cannot be opened"));
  EXPECT_THAT(missing.out, IsEmpty());
  ASSERT_EQ(Init("new").exit_code, 0);
  EXPECT_THAT(AttndModel({"grow", Path("new"), Path("less"), "--layers=1"}).err,
              HasSubstr("layers = 1, must be at least the 2 of the checkpoint"));
  EXPECT_THAT(AttndModel({"convert", Path("new"), Path("no/where"), "--dtype=f32"}).err,
              HasSubstr("NOT_FOUND: " + Path("no") + ": is no folder; make it first"));
}

TEST(AttndModelUsageTest, HelpAndNoArgumentsPrintTheUsage) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{}, {"--help"}, {"init", "-h"}}) {
    const ProgramResult result = AttndModel(arguments);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.out, StartsWith("attnd-model: makes, changes and measures models"));
    EXPECT_THAT(result.err, IsEmpty());
  }
}

struct WrongUsage {
  std::vector<std::string> arguments;
  std::string message;
};

TEST(AttndModelUsageTest, WrongUsageIsNamedAndExitsWithTwo) {
  const std::vector<WrongUsage> cases = {
      {{"--output=json"}, "no command given"},
      {{"shrink"}, "no command 'shrink'"},
      {{"inspect"}, "takes 1 folder: inspect DIR"},
      {{"grow", "a"}, "takes 2 folders: grow SRC DST"},
      {{"tokenize"}, "takes a folder and texts: tokenize DIR [TEXT...]"},
      {{"accuracy", "a", "b"}, "takes one folder or none: accuracy [DIR]"},
      {{"inspect", "a", "--layers=3"}, "inspect takes no --layers"},
      {{"convert", "a", "b"}, "convert needs --dtype"},
      {{"convert", "a", "b", "--dtype=int8"}, "no dtype 'int8'; there are: f32, bf16, f16"},
      {{"grow", "a", "b", "--new_layers=front"}, "no place for new layers 'front'; there are: end, spread"},
      {{"init", "a", "--heads=7"}, "config.json: n_embd = 768, must be a multiple of n_head = 7"},
      {{"init", "a", "--width=99999999999"}, "config.json: n_embd = 99999999999, must be in [1, 65536]"},
      {{"init", "a", "--seed=soon"}, "--seed cannot be 'soon'"},
      {{"inspect", "a", "--output=xml"}, "no output format 'xml'"},
      {{"inspect", "a", "--server=x"}, "there is no flag --server"},
  };
  for (const WrongUsage& wrong : cases) {
    const ProgramResult result = AttndModel(wrong.arguments);
    EXPECT_EQ(result.exit_code, 2) << wrong.message;
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, StartsWith("attnd-model: " + wrong.message));
  }
}

}  // namespace
}  // namespace attnd::client
