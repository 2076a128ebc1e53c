#include "client/ctl/embed_flags.h"

#include <cstdint>
#include <string>

#include "absl/flags/flag.h"
#include "client/ctl/arguments.h"
#include "client/ctl/input_flags.h"

// Described in usage.h.
ABSL_FLAG(std::string, pooling, "last", "");
ABSL_FLAG(uint32_t, dimensions, 0, "");
ABSL_FLAG(bool, normalize, true, "");

namespace attnd::client {

absl::StatusOr<v1::EmbedRequest> EmbedRequestFromFlags() {
  absl::StatusOr<v1::Pooling> pooling = ParsePooling(absl::GetFlag(FLAGS_pooling));
  if (!pooling.ok()) return pooling.status();
  v1::EmbedRequest request;
  request.set_pooling(*pooling);
  request.set_normalize(absl::GetFlag(FLAGS_normalize));
  request.set_truncate(absl::GetFlag(FLAGS_truncate));
  if (const uint32_t dimensions = absl::GetFlag(FLAGS_dimensions); dimensions > 0) request.set_dimensions(dimensions);
  return request;
}

}  // namespace attnd::client
