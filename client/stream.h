// A stream of items to one attnd server: ForwardStream or EmbedStream. chunk_reader.h reads results in chunks.
//
//   std::unique_ptr<EmbedStream> stream = client->OpenEmbedStream();
//   stream->Write(item);               // as often as need be
//   stream->HalfClose();
//   v1::EmbedStreamResponse answer;
//   while (stream->Read(answer)) ...   // in any order; answer.id() says of which item
//   absl::Status status = stream->Finish();

#ifndef CLIENT_STREAM_H_
#define CLIENT_STREAM_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "attnd/v1/inference.grpc.pb.h"
#include "client/status.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/sync_stream.h"

namespace attnd::client {

// Threads: one may write while another reads; a server that holds as many items as it may waits for its answers to be
// read, so a client with many items needs both.
template <typename Item, typename Answer>
class Stream {
 public:
  using Call = grpc::ClientReaderWriter<Item, Answer>;

  Stream(std::unique_ptr<grpc::ClientContext> context, std::unique_ptr<Call> call)
      : context_(std::move(context)), call_(std::move(call)) {}

  // Waits until the item may leave. False when the stream has ended; Finish says why.
  bool Write(const Item& item) { return call_->Write(item); }

  // Says that no item will come any more.
  void HalfClose() { call_->WritesDone(); }

  // Waits for an answer. False when there will be none any more.
  bool Read(Answer& answer) { return call_->Read(&answer); }

  // Gives up what has not been answered.
  void Cancel() { context_->TryCancel(); }

  // How the stream ended; call once, when Read has returned false.
  absl::Status Finish() { return FromGrpcStatus(call_->Finish()); }

 private:
  const std::unique_ptr<grpc::ClientContext> context_;
  const std::unique_ptr<Call> call_;
};

using ForwardStream = Stream<v1::ForwardStreamRequest, v1::ForwardStreamResponse>;
using EmbedStream = Stream<v1::EmbedStreamRequest, v1::EmbedStreamResponse>;

}  // namespace attnd::client

#endif  // CLIENT_STREAM_H_
