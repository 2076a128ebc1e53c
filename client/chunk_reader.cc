#include "client/chunk_reader.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/tensor.h"

namespace attnd::client {

ChunkReader::ChunkReader(ForwardStream& stream, RoomFor room_for) : stream_(stream), room_for_(std::move(room_for)) {}

bool ChunkReader::Read(v1::ForwardStreamResponse& answer) {
  while (status_.ok() && stream_.Read(answer)) {
    if (!answer.has_chunk()) {
      // A tensor that has not come whole is of an item that failed.
      if (answer.has_result() && placed_ != byte_count_) {
        status_ = absl::InternalError(
            absl::StrCat("the server sent ", placed_, " bytes of a tensor of ", byte_count_, ", then the result"));
        return false;
      }
      byte_count_ = placed_ = 0;
      return true;
    }
    status_ = Place(answer.id(), answer.chunk());
  }
  return false;
}

absl::Status ChunkReader::Finish() {
  if (status_.ok()) return stream_.Finish();
  stream_.Cancel();
  v1::ForwardStreamResponse answer;
  while (stream_.Read(answer)) continue;
  stream_.Finish().IgnoreError();
  return status_;
}

absl::Status ChunkReader::Place(uint64_t id, const v1::TensorChunk& chunk) {
  const auto chunk_bytes = static_cast<int64_t>(chunk.data().size());
  if (placed_ == byte_count_) {
    const std::optional<int64_t> byte_count = TensorBytes(chunk.data_type(), chunk.shape());
    if (!byte_count) {
      return absl::InternalError(absl::StrCat("the server sent a chunk of a tensor of type ", int{chunk.data_type()},
                                              " and shape ", FormatShape(chunk.shape())));
    }
    byte_count_ = *byte_count;
    placed_ = 0;
    room_ = room_for_(id, chunk, byte_count_);
    if (static_cast<int64_t>(room_.size()) < byte_count_) {
      return absl::InvalidArgumentError(
          absl::StrCat("room for ", room_.size(), " bytes of a tensor, which has ", byte_count_));
    }
  }
  if (chunk.offset() != static_cast<uint64_t>(placed_) || chunk_bytes == 0 || chunk_bytes > byte_count_ - placed_) {
    return absl::InternalError(absl::StrCat("the server sent ", chunk_bytes, " bytes at ", chunk.offset(),
                                            " of a tensor of ", byte_count_, " that has come to ", placed_));
  }
  std::copy(chunk.data().begin(), chunk.data().end(), room_.begin() + placed_);
  placed_ += chunk_bytes;
  return absl::OkStatus();
}

}  // namespace attnd::client
