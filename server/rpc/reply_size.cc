#include "server/rpc/reply_size.h"

#include <cstddef>

namespace attnd {
namespace {

// More than protobuf adds to the bytes of one tensor (tags, lengths, shape, layer name, scale, result) or to a whole
// reply.
constexpr int64_t kTensorOverheadBytes = 128;

// More than protobuf adds to the likeliest tokens of one position.
constexpr int64_t kTopOverheadBytes = 48;

constexpr int64_t kMaxElementBytes = 4;

// A token id takes at most this, a float always four.
constexpr int64_t kMaxIdBytes = 5;
constexpr int64_t kFloatBytes = 4;

// Bytes of the likeliest tokens and of log-probabilities in the reply, at most.
int64_t ScoreBytes(const Request& request) {
  const OutputSelection& selection = request.selection;
  int64_t byte_count = 0;
  for (const SequenceInput& input : request.inputs) {
    if (selection.top) {
      const int64_t rows = RowCount(selection.top->positions, input.token_count);
      byte_count += rows * (selection.top->k * (kMaxIdBytes + 2 * kFloatBytes) + kTopOverheadBytes);
    }
    if (selection.token_log_probabilities) {
      byte_count += input.token_count * (kMaxIdBytes + kFloatBytes) + kTensorOverheadBytes;
    }
  }
  return byte_count;
}

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
  const ReplyFormat& format = request.format;
  const auto size_of_chunks = [&](int64_t values, ElementType type) -> int64_t {
    if (!format.IsChunked(values, type)) return 0;
    const int64_t byte_count = values * ElementBytes(type);
    // Chunks end with an element.
    return byte_count + (byte_count / (format.max_chunk_bytes - kMaxElementBytes) + 1) * kTensorOverheadBytes;
  };
  return LastMessageBytes(request, config) + AddUp(request, config, size_of_chunks);
}

int64_t LastMessageBytes(const Request& request, const ModelConfig& config) {
  const auto size_of = [&](int64_t values, ElementType type) {
    return (request.format.IsChunked(values, type) ? 0 : values * ElementBytes(type)) + kTensorOverheadBytes;
  };
  return kTensorOverheadBytes + AddUp(request, config, size_of) + ScoreBytes(request);
}

int64_t ResultBytes(const Request& request, const ModelConfig& config) {
  const auto size_of = [](int64_t values, ElementType /*type*/) {
    return values * static_cast<int64_t>(sizeof(float));
  };
  return AddUp(request, config, size_of) + ScoreBytes(request);
}

}  // namespace attnd
