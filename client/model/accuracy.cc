#include "client/model/accuracy.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include "engine/model/model_weights.h"
#include "engine/model/transformer.h"

namespace attnd::client {
namespace {

constexpr size_t kTop = 5;
// Of the prompts; longer ones than the model takes are cut.
constexpr int64_t kPromptLengths[] = {1, 3, 17, 64, 128};

std::vector<SequenceInput> Prompts(const ModelConfig& config) {
  std::minstd_rand generator(1);
  std::uniform_int_distribution<int32_t> token(0, static_cast<int32_t>(config.vocabulary_size) - 1);
  std::vector<SequenceInput> prompts;
  for (const int64_t wanted : kPromptLengths) {
    const int64_t length = std::min(wanted, config.context_length);
    SequenceInput prompt{.token_ids = std::vector<int32_t>(static_cast<size_t>(length)), .token_count = length};
    for (int32_t& id : prompt.token_ids) id = token(generator);
    prompts.push_back(prompt);
  }
  return prompts;
}

double Dot(absl::Span<const float> a, absl::Span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

double Cosine(absl::Span<const float> a, absl::Span<const float> b) {
  return Dot(a, b) / std::sqrt(Dot(a, a) * Dot(b, b));
}

std::vector<float> MeanRow(absl::Span<const float> rows, size_t columns) {
  std::vector<float> mean(columns);
  for (size_t i = 0; i < rows.size(); ++i) mean[i % columns] += rows[i];
  return mean;  // of any length: only its direction matters
}

// The likeliest tokens, ties by number.
std::vector<size_t> Likeliest(absl::Span<const float> logits) {
  std::vector<size_t> order(logits.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const size_t count = std::min(kTop, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](size_t a, size_t b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; });
  order.resize(count);
  return order;
}

double LogOfSum(absl::Span<const float> logits) {
  const auto max = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - max);
  return max + std::log(sum);
}

double KlDivergence(absl::Span<const float> reference, absl::Span<const float> logits) {
  const double reference_sum = LogOfSum(reference);
  const double sum = LogOfSum(logits);
  double divergence = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    const double log_p = static_cast<double>(reference[i]) - reference_sum;
    divergence += std::exp(log_p) * (log_p - static_cast<double>(logits[i]) + sum);
  }
  return divergence;
}

}  // namespace

absl::StatusOr<std::vector<SequenceOutput>> RunPrompts(const WeightSource& source, DataType type, int thread_count) {
  const ModelConfig& config = source.config();
  auto weights = ModelWeights::Load(source, type);
  if (!weights.ok()) return weights.status();
  auto transformer = Transformer::Create(
      *std::move(weights),
      {.thread_count = thread_count, .max_batch_tokens = std::max<int64_t>(2048, config.context_length)});
  if (!transformer.ok()) return transformer.status();
  const std::vector<SequenceInput> prompts = Prompts(config);
  const OutputSelection selection{.hidden = {{.layer = config.layer_count + 1, .positions = Positions::kAll}},
                                  .logits = Positions::kAll};
  std::vector<SequenceOutput> outputs(prompts.size());
  std::vector<SequenceTask> batch;
  for (size_t i = 0; i < prompts.size(); ++i) batch.push_back({&prompts[i], &selection, &outputs[i]});
  if (absl::Status status = (*transformer)->Forward(batch); !status.ok()) return status;
  return outputs;
}

Accuracy Compare(absl::Span<const SequenceOutput> reference, absl::Span<const SequenceOutput> outputs,
                 const ModelConfig& config) {
  const auto c = static_cast<size_t>(config.embedding_length);
  const auto v = static_cast<size_t>(config.vocabulary_size);
  Accuracy accuracy;
  double difference = 0;
  double norm = 0;
  double positions = 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const absl::Span<const float> expected = reference[i].hidden[0];
    const absl::Span<const float> actual = outputs[i].hidden[0];
    accuracy.least_cosine = std::min({accuracy.least_cosine, Cosine(expected.last(c), actual.last(c)),
                                      Cosine(MeanRow(expected, c), MeanRow(actual, c))});
    norm += Dot(expected, expected);
    difference += Dot(expected, expected) + Dot(actual, actual) - 2 * Dot(expected, actual);
    for (size_t row = 0; row < expected.size() / c; ++row, ++positions) {
      const auto expected_logits = absl::MakeConstSpan(reference[i].logits).subspan(row * v, v);
      const auto actual_logits = absl::MakeConstSpan(outputs[i].logits).subspan(row * v, v);
      const std::vector<size_t> expected_top = Likeliest(expected_logits);
      const std::vector<size_t> actual_top = Likeliest(actual_logits);
      if (expected_top[0] == actual_top[0]) ++accuracy.top_1;
      for (const size_t token : actual_top) {
        const auto found = std::find(expected_top.begin(), expected_top.end(), token);
        if (found != expected_top.end()) accuracy.top_5 += 1 / static_cast<double>(expected_top.size());
      }
      accuracy.kl_divergence += KlDivergence(expected_logits, actual_logits);
    }
  }
  accuracy.hidden_error = std::sqrt(std::max(0.0, difference) / norm);
  accuracy.top_1 /= positions;
  accuracy.top_5 /= positions;
  accuracy.kl_divergence /= positions;
  return accuracy;
}

}  // namespace attnd::client
