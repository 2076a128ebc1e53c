// Results of a ForwardStream that come in chunks, put together in memory of the caller's own.
//
//   v1::ForwardStreamRequest item;
//   item.set_logits(v1::POSITIONS_ALL);
//   item.set_max_chunk_bytes(1 << 20);
//   ...
//   std::vector<char> logits;
//   ChunkReader reader(*stream, [&](uint64_t id, const v1::TensorChunk& first, int64_t byte_count) {
//     logits.resize(byte_count);
//     return absl::MakeSpan(logits);
//   });
//   v1::ForwardStreamResponse answer;
//   while (reader.Read(answer)) ...    // the tensors of answer.result() that have no data are where they belong
//   absl::Status status = reader.Finish();

#ifndef CLIENT_CHUNK_READER_H_
#define CLIENT_CHUNK_READER_H_

#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "attnd/v1/inference.pb.h"
#include "client/stream.h"

namespace attnd::client {

// Every chunk is copied to its place as it comes, so that a result is in memory once, beside one chunk.
// Threads: one; another may write to the stream.
class ChunkReader {
 public:
  // Room for the `byte_count` bytes of the tensor that begins with `first`, of item `id`: little-endian elements, of
  // the type and shape that `first` says. It must last until the item is read. Asked once for each tensor.
  using RoomFor = absl::AnyInvocable<absl::Span<char>(uint64_t id, const v1::TensorChunk& first, int64_t byte_count)>;

  // `stream` must outlive the reader.
  ChunkReader(ForwardStream& stream, RoomFor room_for);

  // Waits for the end of an item: its result or its status. False when there will be none any more.
  bool Read(v1::ForwardStreamResponse& answer);

  // How the stream ended; call once, when Read has returned false. Errors: those of Stream::Finish; INTERNAL when the
  // server sent a chunk that is not the next one, INVALID_ARGUMENT when there was not enough room for a tensor.
  absl::Status Finish();

 private:
  // Puts `chunk` where it belongs.
  absl::Status Place(uint64_t id, const v1::TensorChunk& chunk);

  ForwardStream& stream_;
  RoomFor room_for_;
  absl::Span<char> room_;   // of the tensor at hand
  int64_t byte_count_ = 0;  // that it has
  int64_t placed_ = 0;      // bytes of it that have come
  absl::Status status_;
};

}  // namespace attnd::client

#endif  // CLIENT_CHUNK_READER_H_
