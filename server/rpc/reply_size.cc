#include "server/rpc/reply_size.h"

#include <cstddef>

namespace attnd {
namespace {

// More than protobuf adds to the bytes of one tensor (tags, lengths, shape, layer name, scale, result) or to a whole
// reply.
constexpr int64_t kTensorOverheadBytes = 128;

// Adds up what size_of(values, type) says of every array that `request` asks for.
template <typename SizeOf>
int64_t AddUp(const Request& request, const ModelConfig& config, SizeOf size_of) {
  const OutputSelection& selection = request.selection;
  int64_t byte_count = 0;
  for (const SequenceInput& input : request.inputs) {
    for (size_t i = 0; i < selection.hidden.size(); ++i) {
      const int64_t rows = RowCount(selection.hidden[i].positions, input.token_count);
      byte_count += size_of(rows * config.embedding_length, request.format.hidden[i]);
    }
    if (selection.logits) {
      const int64_t rows = RowCount(*selection.logits, input.token_count);
      byte_count += size_of(rows * config.vocabulary_size, request.format.logits);
    }
    if (selection.embedding) byte_count += size_of(selection.embedding->dimensions, request.format.embedding);
  }
  return byte_count;
}

}  // namespace

int64_t ReplyBytes(const Request& request, const ModelConfig& config) {
  const auto size_of = [](int64_t values, ElementType type) {
    return values * ElementBytes(type) + kTensorOverheadBytes;
  };
  return kTensorOverheadBytes + AddUp(request, config, size_of);
}

int64_t ResultBytes(const Request& request, const ModelConfig& config) {
  const auto size_of = [](int64_t values, ElementType /*type*/) {
    return values * static_cast<int64_t>(sizeof(float));
  };
  return AddUp(request, config, size_of);
}

}  // namespace attnd
