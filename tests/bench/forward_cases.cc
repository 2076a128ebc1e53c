#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "tests/bench/cases.h"

namespace attnd {
namespace {

struct Batch {
  std::vector<SequenceInput> inputs;
  std::vector<SequenceOutput> outputs;
  OutputSelection selection;
  std::vector<SequenceTask> tasks;
};

std::shared_ptr<Batch> MakeBatch(const std::vector<int64_t>& lengths, int64_t layer_count) {
  auto batch = std::make_shared<Batch>();
  std::minstd_rand generator(1);
  std::uniform_int_distribution<int32_t> token(0, 50256);
  for (const int64_t length : lengths) {
    SequenceInput input{.token_ids = std::vector<int32_t>(static_cast<size_t>(length)), .token_count = length};
    for (int32_t& id : input.token_ids) id = token(generator);
    batch->inputs.push_back(std::move(input));
  }
  batch->selection.hidden = {{.layer = layer_count + 1, .positions = Positions::kLast}};
  batch->outputs.resize(lengths.size());
  for (size_t i = 0; i < lengths.size(); ++i) {
    batch->tasks.push_back({&batch->inputs[i], &batch->selection, &batch->outputs[i]});
  }
  return batch;
}

// Operations of one layer for a token of a sequence of `token_count`: 24 C^2 of the linear layers, where F = 4 C, and
// of causal attention 2 C T, half of what it would be without the mask.
double LayerFlops(const ModelConfig& config, int64_t token_count) {
  const auto c = static_cast<double>(config.embedding_length);
  const auto f = static_cast<double>(config.feed_forward_length);
  return 8 * c * c + 4 * c * f + 2 * c * static_cast<double>(token_count);
}

double WeightBytes(const EngineInfo& info) {
  const auto c = static_cast<double>(info.config.embedding_length);
  const auto f = static_cast<double>(info.config.feed_forward_length);
  const auto bytes = static_cast<double>(DataTypeBytes(info.data_type));
  return static_cast<double>(info.config.layer_count) * (4 * c * c + 2 * c * f) * bytes;
}

Case MakeCase(Workers& workers, const std::string& title, const std::vector<int64_t>& lengths) {
  const EngineInfo& info = workers.info();
  std::vector<std::shared_ptr<Batch>> batches;
  for (size_t i = 0; i < workers.count(); ++i) batches.push_back(MakeBatch(lengths, info.config.layer_count));
  const auto count = static_cast<double>(workers.count());
  Work work{.name = "forward",
            .batch = title,
            .type = info.data_type,
            .sequences = static_cast<int64_t>(workers.count() * lengths.size()),
            .weight_bytes = WeightBytes(info)};
  for (const int64_t length : lengths) {
    work.all_tokens += count * static_cast<double>(length);
    work.flops += count * static_cast<double>(info.config.layer_count * length) * LayerFlops(info.config, length);
  }
  work.tokens = static_cast<int64_t>(work.all_tokens) / work.sequences;
  return {.work = work, .run = [&workers, batches] {
            workers.Run([&](Transformer& engine, size_t worker) { CHECK_OK(engine.Forward(batches[worker]->tasks)); });
          }};
}

}  // namespace

std::vector<Case> ForwardCases(Workers& workers) {
  std::vector<int64_t> ragged(32);
  std::minstd_rand generator(1);
  std::uniform_int_distribution<int64_t> length(1, 128);
  for (int64_t& each : ragged) each = length(generator);
  std::vector<Case> cases;
  for (const auto& [sequences, tokens] :
       {std::pair<size_t, int64_t>{1, 1}, {1, 16}, {1, 128}, {8, 128}, {4, 256}, {1, 1024}}) {
    cases.push_back(MakeCase(workers, absl::StrCat(sequences, " x ", tokens), std::vector<int64_t>(sequences, tokens)));
  }
  cases.push_back(MakeCase(workers, "32 x 1..128", ragged));
  return cases;
}

}  // namespace attnd
