// The shape of a small model for tests, and inputs for it.

#ifndef TESTS_ENGINE_MODEL_ODD_CONFIG_H_
#define TESTS_ENGINE_MODEL_ODD_CONFIG_H_

#include <cstdint>

#include "engine/model/config.h"
#include "engine/model/transformer.h"

namespace attnd {

// Sizes that are multiples of nothing.
inline ModelConfig OddConfig() {
  return {.vocabulary_size = 131,
          .context_length = 70,
          .embedding_length = 39,
          .head_count = 3,
          .layer_count = 3,
          .feed_forward_length = 101};
}

// `length` ids that depend on `seed`.
inline SequenceInput OddIds(int64_t length, int64_t seed) {
  const int64_t vocabulary_size = OddConfig().vocabulary_size;
  SequenceInput input{.token_count = length};
  for (int64_t t = 0; t < length; ++t) {
    input.token_ids.push_back(static_cast<int32_t>((seed * 31 + t * 7) % vocabulary_size));
  }
  return input;
}

}  // namespace attnd

#endif  // TESTS_ENGINE_MODEL_ODD_CONFIG_H_
