#include "engine/checkpoint/gpt2_checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/base/log_severity.h"
#include "absl/log/log_entry.h"
#include "absl/log/log_sink.h"
#include "absl/log/log_sink_registry.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/checkpoint/sha256.h"
#include "engine/model/parameters.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/checkpoint/checkpoint_files.h"
#include "tests/engine/files/temporary_folder.h"

namespace attnd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// What is warned of while it lives.
class Warnings final : public absl::LogSink {
 public:
  Warnings() { absl::AddLogSink(this); }
  ~Warnings() override { absl::RemoveLogSink(this); }

  void Send(const absl::LogEntry& entry) override {
    if (entry.log_severity() == absl::LogSeverity::kWarning) texts_.emplace_back(entry.text_message());
  }

  const std::vector<std::string>& texts() const { return texts_; }

 private:
  std::vector<std::string> texts_;
};

class Gpt2CheckpointTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Gpt2Checkpoint>> Open() const {
    folder_.Write("config.json", config_);
    folder_.Write("model.safetensors", SafetensorsBytes(tensors_));
    return Gpt2Checkpoint::Open(folder_.path());
  }

  TensorToWrite& Tensor(absl::string_view name) {
    return *std::find_if(tensors_.begin(), tensors_.end(), [&](const auto& tensor) { return tensor.name == name; });
  }

  static std::vector<float> Read(const Gpt2Checkpoint& checkpoint, absl::string_view name, size_t size) {
    std::vector<float> values(size);
    EXPECT_TRUE(checkpoint.Read(name, absl::MakeSpan(values)).ok()) << name;
    return values;
  }

  void ExpectInvalid(const char* text) const {
    const absl::Status status = Open().status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr(text));
  }

  const TemporaryFolder folder_;
  std::string config_ = SmallConfigJson();
  std::vector<TensorToWrite> tensors_ = SmallTensors();
};

TEST_F(Gpt2CheckpointTest, GivesEveryTensorOfTheModel) {
  const auto checkpoint = Open();
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  const std::vector<Parameter> parameters = ModelParameters((*checkpoint)->config());
  for (size_t p = 0; p < parameters.size(); ++p) {
    const auto size = static_cast<size_t>(parameters[p].element_count());
    const std::vector<float> values = Read(**checkpoint, parameters[p].name, size);
    EXPECT_EQ(values.front(), static_cast<float>(p)) << parameters[p].name;
    EXPECT_EQ(values.back(), static_cast<float>(p) + static_cast<float>(size - 1) / 1000) << parameters[p].name;
  }
}

TEST_F(Gpt2CheckpointTest, TakesNamesWithThePrefix) {
  for (TensorToWrite& tensor : tensors_) tensor.name = "transformer." + tensor.name;
  const auto checkpoint = Open();
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(Read(**checkpoint, "wpe.weight", 12).front(), 1);
}

TEST_F(Gpt2CheckpointTest, WidensHalfAndBfloat16) {
  Tensor("ln_f.bias") = {"ln_f.bias", "F16", {4}, std::string("\x00\x3c\x00\xc0\x01\x00\xff\x7b", 8)};
  Tensor("ln_f.weight") = {"ln_f.weight", "BF16", {4}, std::string("\x80\x3f\x40\xc0\x00\x00\x80\x00", 8)};
  const auto checkpoint = Open();
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_THAT(Read(**checkpoint, "ln_f.bias", 4), ElementsAre(1, -2, 0x1p-24F, 65504));
  EXPECT_THAT(Read(**checkpoint, "ln_f.weight", 4), ElementsAre(1, -3, 0, 0x1p-126F));
}

TEST_F(Gpt2CheckpointTest, IgnoresTheMasksOfPublishedFilesAndATiedHead) {
  tensors_.push_back({"h.0.attn.bias", "F32", {1, 1, 3, 3}, std::string(36, '\0')});
  tensors_.push_back({"h.1.attn.masked_bias", "F32", {}, std::string(4, '\0')});
  tensors_.push_back({"lm_head.weight", "F32", {5, 4}, Tensor("wte.weight").bytes});
  EXPECT_TRUE(Open().ok()) << Open().status();
}

// The tables have more bytes than are compared at once.
TEST_F(Gpt2CheckpointTest, ATiedHeadThatDiffersIsWarnedOf) {
  constexpr int64_t kVocabulary = 50'000;
  config_ = absl::StrReplaceAll(config_, {{"\"vocab_size\": 5", absl::StrCat("\"vocab_size\": ", kVocabulary)}});
  Tensor("wte.weight") = {"wte.weight", "F32", {kVocabulary, 4}, std::string(kVocabulary * 16, '\0')};
  tensors_.push_back({"lm_head.weight", "F32", {kVocabulary, 4}, Tensor("wte.weight").bytes});
  {
    const Warnings warnings;
    EXPECT_TRUE(Open().ok()) << Open().status();
    EXPECT_THAT(warnings.texts(), IsEmpty());
  }
  tensors_.back().bytes.back() = '\1';
  const Warnings warnings;
  EXPECT_TRUE(Open().ok());
  EXPECT_THAT(warnings.texts(), ElementsAre(HasSubstr("lm_head.weight differs from wte.weight and is not used")));
}

TEST_F(Gpt2CheckpointTest, NeedsTheHeadThatIsNotTied) {
  config_.insert(1, R"("tie_word_embeddings": false, )");
  ExpectInvalid("tensor \"lm_head.weight\" is missing");
  tensors_.push_back({"lm_head.weight", "F32", {5, 4}, FloatBytes(std::vector<float>(20, 7))});
  const auto checkpoint = Open();
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(Read(**checkpoint, "lm_head.weight", 20)[19], 7);
}

TEST_F(Gpt2CheckpointTest, AMissingTensorIsNamed) {
  for (size_t p = 0; p < tensors_.size(); ++p) {
    TensorToWrite taken = tensors_[p];
    tensors_.erase(tensors_.begin() + static_cast<std::ptrdiff_t>(p));
    ExpectInvalid(absl::StrCat("tensor \"", taken.name, "\" is missing").c_str());
    tensors_.insert(tensors_.begin() + static_cast<std::ptrdiff_t>(p), std::move(taken));
  }
}

TEST_F(Gpt2CheckpointTest, AnExtraTensorIsNamed) {
  tensors_.push_back({"h.2.ln_1.weight", "F32", {4}, std::string(16, '\0')});
  ExpectInvalid("tensor \"h.2.ln_1.weight\" is not part of the model config.json describes");
}

TEST_F(Gpt2CheckpointTest, ATensorThatIsThereTwiceIsNamed) {
  tensors_.push_back(Tensor("ln_f.bias"));
  tensors_.back().name = "transformer.ln_f.bias";
  ExpectInvalid("tensor \"ln_f.bias\" is there twice");
}

TEST_F(Gpt2CheckpointTest, AnotherTypeIsNamed) {
  Tensor("ln_f.bias").dtype = "I32";
  ExpectInvalid("tensor \"ln_f.bias\" has dtype I32, must be F32, F16 or BF16");
}

TEST_F(Gpt2CheckpointTest, AnotherShapeIsNamedWithTheOneItMustBe) {
  Tensor("h.1.attn.c_attn.weight").shape = {12, 4};
  ExpectInvalid("tensor \"h.1.attn.c_attn.weight\" has shape [12, 4], must have [4, 12] by config.json");
}

TEST_F(Gpt2CheckpointTest, ANumberThatIsNotFiniteIsNamedWithItsPlace) {
  Tensor("ln_f.bias").bytes = FloatBytes({1, 2, std::numeric_limits<float>::quiet_NaN(), 4});
  const auto checkpoint = Open();
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  std::vector<float> values(4);
  const absl::Status status = (*checkpoint)->Read("ln_f.bias", absl::MakeSpan(values));
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr("tensor \"ln_f.bias\": element 2"), HasSubstr("must be finite")));
}

TEST_F(Gpt2CheckpointTest, AMissingFileIsNamedAndOtherFormsOfWeightsAreExplained) {
  absl::Status status = Gpt2Checkpoint::Open(folder_.path() + "/none").status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("/none/config.json"));

  folder_.Write("config.json", config_);
  folder_.Write("pytorch_model.bin", "x");
  status = Gpt2Checkpoint::Open(folder_.path()).status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr("model.safetensors"), HasSubstr("safe_serialization=True")));
}

TEST_F(Gpt2CheckpointTest, EveryErrorBeginsWithThePathOfItsFile) {
  const std::string config_path = folder_.path() + "/config.json";
  const std::string weights_path = folder_.path() + "/model.safetensors";
  EXPECT_THAT(Gpt2Checkpoint::Open(folder_.path()).status().message(), StartsWith(config_path + ": "));
  for (const char* config : {"", "[]", "{\"n_embd\": 1.5}", "{\"vocab_size\": 0}"}) {
    config_ = config;
    EXPECT_THAT(Open().status().message(), StartsWith(config_path + ": ")) << config;
  }
  config_ = std::string(size_t{2} << 20, ' ');
  EXPECT_THAT(Open().status().message(), StartsWith(config_path + ": has 2097152 bytes"));
  config_ = SmallConfigJson();

  Tensor("ln_f.bias").bytes = FloatBytes({1, 2, std::numeric_limits<float>::infinity(), 4});
  const auto checkpoint = Open();
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  std::vector<float> values(4);
  EXPECT_THAT((*checkpoint)->Read("ln_f.bias", absl::MakeSpan(values)).message(), StartsWith(weights_path + ": "));
  Tensor("ln_f.bias").dtype = "I32";
  EXPECT_THAT(Open().status().message(), StartsWith(weights_path + ": "));
  folder_.Write("model.safetensors", "");
  EXPECT_THAT(Gpt2Checkpoint::Open(folder_.path()).status().message(), StartsWith(weights_path + ": "));
}

TEST_F(Gpt2CheckpointTest, ALoopOfSymbolicLinksIsInvalid) {
  folder_.Write("config.json", config_);
  std::filesystem::create_symlink("model.safetensors", folder_.path() + "/model.safetensors");
  const absl::Status status = Gpt2Checkpoint::Open(folder_.path()).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(status.message(), EndsWith("/model.safetensors: cannot be opened: a loop of symbolic links"));
}

// Which has more bytes than are hashed at once.
TEST_F(Gpt2CheckpointTest, TheHashIsThatOfTheFile) {
  tensors_.push_back({"h.0.attn.bias", "F32", {1, 1, 300, 300}, std::string(360'000, '\1')});
  const auto checkpoint = Open();
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  const std::string content = Content(folder_.path() + "/model.safetensors");
  Sha256Hasher hasher;
  hasher.Update(content.data(), content.size());
  EXPECT_EQ(*(*checkpoint)->Sha256(), hasher.Finish());
}

TEST_F(Gpt2CheckpointTest, AFileThatIsShortenedWhileItIsReadIsAnError) {
  const auto checkpoint = Open();
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  const std::string path = folder_.path() + "/model.safetensors";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  std::vector<float> values(4);
  const std::string& last = tensors_.back().name;
  for (const absl::Status& status :
       {(*checkpoint)->Read(last, absl::MakeSpan(values)), (*checkpoint)->Sha256().status()}) {
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(status.message(), StartsWith(path + ": was written to while it was read"));
  }
}

// Whatever a file holds, it opens or it gives an error: bytes changed at random, most of them in the header.
TEST_F(Gpt2CheckpointTest, AFileChangedAtRandomOpensOrGivesAnError) {
  const std::string whole = SafetensorsBytes(tensors_);
  const size_t header_length = whole.size() - 4 * static_cast<size_t>(ParameterCount(SmallConfig()));
  folder_.Write("config.json", config_);
  std::minstd_rand random(20251117);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string changed = whole;
    for (auto changes = 1 + random() % 4; changes > 0; --changes) {
      const size_t place = random() % (random() % 8 == 0 ? changed.size() : header_length);
      changed[place] = random() % 2 == 0 ? static_cast<char>(random()) : changed[random() % header_length];
    }
    folder_.Write("model.safetensors", changed);
    const auto checkpoint = Gpt2Checkpoint::Open(folder_.path());
    refused += checkpoint.ok() ? 0 : 1;
    if (!checkpoint.ok()) {
      EXPECT_FALSE(checkpoint.status().message().empty());
      continue;
    }
    for (const Parameter& parameter : ModelParameters((*checkpoint)->config())) {
      std::vector<float> values(static_cast<size_t>(parameter.element_count()));
      (*checkpoint)->Read(parameter.name, absl::MakeSpan(values)).IgnoreError();
    }
  }
  EXPECT_GT(refused, 2000);
}

}  // namespace
}  // namespace attnd
