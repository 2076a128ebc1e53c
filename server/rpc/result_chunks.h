// The tensors of one result that leave ahead of it, piece by piece.

#ifndef SERVER_RPC_RESULT_CHUNKS_H_
#define SERVER_RPC_RESULT_CHUNKS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "attnd/v1/inference.pb.h"
#include "engine/model/config.h"
#include "engine/tensor/element_type.h"
#include "server/scheduling/request.h"

namespace attnd {

// Every chunk is encoded when it is to be written, so that a result is in memory once, beside one chunk.
// Threads: one at a time. Owns: the tensors, each until its last chunk is encoded.
class ResultChunks {
 public:
  // Takes from the computed `request`, of one input, the tensors that ReplyFormat::IsChunked names.
  ResultChunks(Request& request, const ModelConfig& config);

  // Makes `message` the next chunk; its id is left to the stream. False where none is left.
  bool EncodeNext(v1::ForwardStreamResponse& message);

 private:
  static constexpr int kLogits = -1;

  struct Tensor {
    int place = kLogits;  // of the hidden states in the result
    std::vector<float> values;
    int64_t columns = 0;
    ElementType type = ElementType::kFloat32;
  };

  void Take(int place, std::vector<float>& values, int64_t columns, ElementType type, const ReplyFormat& format);

  const int64_t max_chunk_bytes_;
  std::vector<Tensor> tensors_;
  size_t next_tensor_ = 0;
  size_t next_value_ = 0;  // of it
};

}  // namespace attnd

#endif  // SERVER_RPC_RESULT_CHUNKS_H_
