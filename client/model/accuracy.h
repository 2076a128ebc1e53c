// How far bf16 and int8 weights lead from float32, on a model at hand.

#ifndef CLIENT_MODEL_ACCURACY_H_
#define CLIENT_MODEL_ACCURACY_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/engine.h"
#include "engine/model/weight_source.h"
#include "engine/tensor/data_type.h"

namespace attnd::client {

// One type against float32, over random prompts of several lengths.
struct Accuracy {
  double least_cosine = 1;   // of embeddings, pooled by last token and by mean
  double hidden_error = 0;   // |difference| / |float32| of all final hidden states, Euclidean
  double top_1 = 0;          // share of positions with the same likeliest token
  double top_5 = 0;          // mean share of the five likeliest tokens in common
  double kl_divergence = 0;  // mean over positions of KL(float32 || type), in nats
};

// `outputs` of RunPrompts for one type against those for float32.
Accuracy Compare(absl::Span<const SequenceOutput> reference, absl::Span<const SequenceOutput> outputs,
                 const ModelConfig& config);

// Final hidden states and logits of every position of the prompts. Errors: those of ModelWeights::Load.
absl::StatusOr<std::vector<SequenceOutput>> RunPrompts(const WeightSource& source, DataType type, int thread_count);

}  // namespace attnd::client

#endif  // CLIENT_MODEL_ACCURACY_H_
