#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/checkpoint/gpt2_checkpoint.h"
#include "engine/model/parameters.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/engine/checkpoint/checkpoint_files.h"
#include "tests/engine/files/temporary_folder.h"

namespace attnd {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr size_t kShards = 3;

std::string ShardName(size_t shard) { return absl::StrCat("model-0000", shard + 1, "-of-00003.safetensors"); }

// The tensors of a small model, dealt out to shards like cards.
class ShardedCheckpointTest : public testing::Test {
 protected:
  ShardedCheckpointTest() {
    size_t next = 0;
    for (TensorToWrite& tensor : SmallTensors()) {
      const size_t shard = next++ % kShards;
      index_[tensor.name] = ShardName(shard);
      shards_[shard].push_back(std::move(tensor));
    }
  }

  absl::StatusOr<std::unique_ptr<Gpt2Checkpoint>> Open() const {
    folder_.Write("config.json", SmallConfigJson());
    for (size_t shard = 0; shard < kShards; ++shard) {
      folder_.Write(ShardName(shard), SafetensorsBytes(shards_[shard]));
    }
    const nlohmann::json index = {{"metadata", {{"total_size", 1}}}, {"weight_map", index_}};
    folder_.Write("model.safetensors.index.json", index.dump());
    return Gpt2Checkpoint::Open(folder_.path());
  }

  void ExpectDataLoss(const std::string& file, const std::string& text) const {
    const absl::Status status = Open().status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(status.message(), AllOf(StartsWith(folder_.path() + "/" + file + ": "), HasSubstr(text)));
  }

  static constexpr const char* kIndex = "model.safetensors.index.json";

  const TemporaryFolder folder_;
  nlohmann::json index_;  // by tensor, the name of its file
  std::vector<TensorToWrite> shards_[kShards];
};

TEST_F(ShardedCheckpointTest, GivesEveryTensorOfTheModel) {
  const auto checkpoint = Open();
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  const std::vector<Parameter> parameters = ModelParameters((*checkpoint)->config());
  for (size_t p = 0; p < parameters.size(); ++p) {
    std::vector<float> values(static_cast<size_t>(parameters[p].element_count()));
    ASSERT_TRUE((*checkpoint)->Read(parameters[p].name, absl::MakeSpan(values)).ok());
    EXPECT_EQ(values.front(), static_cast<float>(p)) << parameters[p].name;
  }
}

TEST_F(ShardedCheckpointTest, OneFileIsPreferred) {
  ASSERT_TRUE(Open().ok());
  folder_.Write("model.safetensors", "");
  EXPECT_THAT(Open().status().message(), StartsWith(folder_.path() + "/model.safetensors: "));
}

TEST_F(ShardedCheckpointTest, AShardThatIsMissingIsNamed) {
  ASSERT_TRUE(Open().ok());
  std::filesystem::remove(folder_.path() + "/" + ShardName(1));
  const absl::Status status = Gpt2Checkpoint::Open(folder_.path()).status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr(ShardName(1)));
}

TEST_F(ShardedCheckpointTest, ATensorThatIsNotInItsShardIsNamed) {
  index_["ln_f.bias"] = index_["ln_f.weight"];
  ExpectDataLoss(kIndex, absl::StrCat("tensor \"ln_f.bias\" is not in ", index_["ln_f.bias"].dump()));
  index_["ln_f.bias"] = ShardName(0);
  index_["ghost"] = ShardName(0);
  ExpectDataLoss(kIndex, "is not in");
}

TEST_F(ShardedCheckpointTest, ATensorThatTheIndexDoesNotListIsNamed) {
  index_.erase("ln_f.bias");
  ExpectDataLoss(kIndex, "tensor \"ln_f.bias\" is in ");
}

TEST_F(ShardedCheckpointTest, ATensorInTwoShardsIsNamed) {
  shards_[2].push_back(shards_[0].front());
  ExpectDataLoss(ShardName(2), absl::StrCat("tensor \"", shards_[0].front().name, "\" is also in "));
}

TEST_F(ShardedCheckpointTest, AFileOutsideOfTheFolderIsRefused) {
  for (const char* name : {"../model.safetensors", "/model.safetensors", "sub/model.safetensors", "model.bin", ""}) {
    index_["ln_f.bias"] = name;
    ExpectDataLoss(kIndex, absl::StrCat("tensor \"ln_f.bias\" = \"", name, "\", must be the name of a .safetensors"));
  }
  index_["ln_f.bias"] = 7;
  ExpectDataLoss(kIndex, "tensor \"ln_f.bias\" = 7, must be");
}

TEST_F(ShardedCheckpointTest, AnIndexWithoutAMapIsRefused) {
  for (const char* content : {"", "{", "[]", "{}", R"({"weight_map": []})"}) {
    index_ = nlohmann::json();
    ASSERT_FALSE(Open().ok());
    folder_.Write(kIndex, content);
    const absl::Status status = Gpt2Checkpoint::Open(folder_.path()).status();
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(status.message(), StartsWith(absl::StrCat(folder_.path(), "/", kIndex, ": "))) << content;
  }
}

TEST_F(ShardedCheckpointTest, MoreShardsThanAnyModelHasAreRefused) {
  for (int shard = 0; shard < 1025; ++shard) index_[absl::StrCat("t", shard)] = absl::StrCat(shard, ".safetensors");
  ExpectDataLoss(kIndex, "names 1028 files, must name at most 256");
}

TEST_F(ShardedCheckpointTest, TheHashIsThatOfTheShardsInOrder) {
  const std::string before = *(*Open())->Sha256();
  EXPECT_EQ(before.size(), 64);
  shards_[1].front().bytes[0] ^= 1;
  EXPECT_NE(*(*Open())->Sha256(), before);
}

TEST_F(ShardedCheckpointTest, AWrongShapeNamesTheShard) {
  shards_[0].front().shape = {1};
  shards_[0].front().bytes = FloatBytes({1});
  const absl::Status status = Open().status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(status.message(), StartsWith(absl::StrCat(folder_.path(), "/", ShardName(0), ": tensor ")));
}

}  // namespace
}  // namespace attnd
