// How a request's results are written into its reply.

#ifndef SERVER_SCHEDULING_REPLY_FORMAT_H_
#define SERVER_SCHEDULING_REPLY_FORMAT_H_

#include <vector>

#include "engine/tensor/element_type.h"

namespace attnd {

struct ReplyFormat {
  std::vector<ElementType> hidden;  // one for each OutputSelection::hidden
  ElementType logits = ElementType::kFloat32;
  ElementType embedding = ElementType::kFloat32;
};

}  // namespace attnd

#endif  // SERVER_SCHEDULING_REPLY_FORMAT_H_
