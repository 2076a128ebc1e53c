// The shape of a small model for tests.

#ifndef TESTS_ENGINE_MODEL_ODD_CONFIG_H_
#define TESTS_ENGINE_MODEL_ODD_CONFIG_H_

#include "engine/model/config.h"

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

}  // namespace attnd

#endif  // TESTS_ENGINE_MODEL_ODD_CONFIG_H_
