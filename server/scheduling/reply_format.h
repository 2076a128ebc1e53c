// How a request's results are written into its reply.

#ifndef SERVER_SCHEDULING_REPLY_FORMAT_H_
#define SERVER_SCHEDULING_REPLY_FORMAT_H_

#include <cstdint>
#include <vector>

#include "engine/tensor/element_type.h"

namespace attnd {

struct ReplyFormat {
  std::vector<ElementType> hidden;  // one for each OutputSelection::hidden
  ElementType logits = ElementType::kFloat32;
  ElementType embedding = ElementType::kFloat32;
  int64_t max_chunk_bytes = 0;  // tensors with more bytes leave ahead of the result, in chunks of so many; 0: none does

  // Whether a tensor of `values` elements leaves ahead of the result.
  bool IsChunked(int64_t values, ElementType type) const {
    return max_chunk_bytes > 0 && values * ElementBytes(type) > max_chunk_bytes;
  }
};

}  // namespace attnd

#endif  // SERVER_SCHEDULING_REPLY_FORMAT_H_
