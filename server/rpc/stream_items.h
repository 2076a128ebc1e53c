// What a StreamCall has to know of the messages of its stream: those of attnd.v1 here.

#ifndef SERVER_RPC_STREAM_ITEMS_H_
#define SERVER_RPC_STREAM_ITEMS_H_

#include <cstdint>

#include "google/rpc/status.pb.h"
#include "server/rpc/input_decoder.h"
#include "server/rpc/status.h"

namespace attnd {

// Items that their client numbers. Item is a ForwardStreamRequest or EmbedStreamRequest, Reply its response.
// Threads: any.
template <typename ItemMessage, typename ReplyMessage>
struct NumberedItems {
  using Item = ItemMessage;
  using Reply = ReplyMessage;
  // What answering an item needs of it, once it is no longer there.
  using Tag = uint64_t;

  // Whether answers leave in the order of their items, which Tag::place then counts; else as soon as each is there.
  static constexpr bool kAnswersInOrder = false;

  // `place` counts the items of the stream from 0.
  static Tag TagOf(const Item& item, uint64_t /*place*/) { return item.id(); }
  // What the log calls the item.
  static uint64_t LogId(const Tag& id) { return id; }
  static int64_t TextBytes(const Item& item) { return TextByteCount(item.input()); }

  // Says in `reply`, which holds a result or nothing yet, whose answer it is.
  static void Address(const Tag& id, Reply& reply) { reply.set_id(id); }
  // Makes an empty `reply` one without a result.
  static void Refuse(const google::rpc::Status& status, Reply& reply) {
    *reply.mutable_status() = ToItemStatus(status);
  }
};

}  // namespace attnd

#endif  // SERVER_RPC_STREAM_ITEMS_H_
