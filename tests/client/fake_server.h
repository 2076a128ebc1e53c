// A small attnd server for tests, on a free port of this machine: no engine, answers that are easy to predict.

#ifndef TESTS_CLIENT_FAKE_SERVER_H_
#define TESTS_CLIENT_FAKE_SERVER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "attnd/v1/inference.grpc.pb.h"
#include "grpcpp/server.h"

namespace attnd::client {

// V = 100 tokens, of which the tokenizer has 90, C = 4 channels, at most 8 inputs of 16 tokens, 64 tokens a call.
//
// Every value of a hidden state or embedding is the input's number plus the channel's, counted from 0; logit v is v.
// Embed names the model 0123456789ab-1. The log-probability of token t is -t / 2. A text has a token of id 7 for each
// of its bytes.
//
// Threads: every method may be called from several threads at once.
class FakeService final : public v1::InferenceService::Service {
 public:
  // Statuses to answer the coming Forward and Embed calls with, in turn, one a call; OK once they are used up.
  void AnswerWith(std::vector<grpc::Status> statuses);

  // The same with the trailer grpc-retry-pushback-ms.
  void AnswerWithPushback(std::vector<grpc::Status> statuses, int pushback_ms);
  // The next Forward or Embed call is answered with CANCELLED once its client has cancelled it, and not before.
  void HoldNextUntilCancelled();

  // Tokenize and Detokenize are answered with PERMISSION_DENIED from now on.
  void DenyTexts();

  // What the items of coming EmbedStreams are answered with; nothing: not at all. Unless said, an odd id gets a status,
  // and an even one a result without a vector.
  using AnswerItem = std::function<std::optional<v1::EmbedStreamResponse>(const v1::EmbedStreamRequest&)>;
  void AnswerItemsWith(AnswerItem answer);

  // The last request received.
  v1::ForwardRequest last_forward() const;
  v1::EmbedRequest last_embed() const;
  // Forward and Embed calls received, and how many of them were held and have been cancelled.
  int call_count() const;
  int cancelled_count() const;
  // The metadata of that name of every call so far; empty where it had none.
  std::vector<std::string> authorizations() const;

  grpc::Status Forward(grpc::ServerContext* context, const v1::ForwardRequest* request,
                       v1::ForwardResponse* response) override;
  grpc::Status Embed(grpc::ServerContext* context, const v1::EmbedRequest* request,
                     v1::EmbedResponse* response) override;
  // Answers items as they come; ends with the next status given.
  grpc::Status EmbedStream(grpc::ServerContext* context,
                           grpc::ServerReaderWriter<v1::EmbedStreamResponse, v1::EmbedStreamRequest>* stream) override;
  // Answers with as many tokens as the item has; where it asks for chunks, with a matrix of its C channels for each
  // token, which count on from the item's id, as hidden states in chunks of 8 bytes.
  grpc::Status ForwardStream(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<v1::ForwardStreamResponse, v1::ForwardStreamRequest>* stream) override;
  grpc::Status Tokenize(grpc::ServerContext* context, const v1::TokenizeRequest* request,
                        v1::TokenizeResponse* response) override;
  // "t" and the id, for each; INVALID_ARGUMENT for an id that the tokenizer does not have.
  grpc::Status Detokenize(grpc::ServerContext* context, const v1::DetokenizeRequest* request,
                          v1::DetokenizeResponse* response) override;
  grpc::Status GetModel(grpc::ServerContext* context, const v1::GetModelRequest* request,
                        v1::GetModelResponse* response) override;

 private:
  void Note(const grpc::ServerContext& context) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  grpc::Status NextStatus(grpc::ServerContext& context) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  grpc::Status TextStatus() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether the call was held, and is over.
  bool Held(const grpc::ServerContext& context) ABSL_LOCKS_EXCLUDED(mutex_);

  mutable absl::Mutex mutex_;
  std::vector<grpc::Status> statuses_ ABSL_GUARDED_BY(mutex_);
  std::optional<int> pushback_ms_ ABSL_GUARDED_BY(mutex_);  // of each of these that is not OK
  bool hold_next_ ABSL_GUARDED_BY(mutex_) = false;
  int call_count_ ABSL_GUARDED_BY(mutex_) = 0;
  int cancelled_count_ ABSL_GUARDED_BY(mutex_) = 0;
  bool texts_denied_ ABSL_GUARDED_BY(mutex_) = false;
  AnswerItem answer_item_ ABSL_GUARDED_BY(mutex_);
  v1::ForwardRequest last_forward_ ABSL_GUARDED_BY(mutex_);
  v1::EmbedRequest last_embed_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> authorizations_ ABSL_GUARDED_BY(mutex_);
};

// Owns: the service and the server that listens, from construction to destruction.
class FakeServer {
 public:
  FakeServer();
  ~FakeServer();

  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  FakeService& service() { return service_; }
  // "127.0.0.1:port".
  const std::string& target() const { return target_; }
  void SetServing(bool serving);

 private:
  FakeService service_;
  std::unique_ptr<grpc::Server> server_;
  std::string target_;
};

// A target on which nothing listens.
std::string UnusedTarget();

}  // namespace attnd::client

#endif  // TESTS_CLIENT_FAKE_SERVER_H_
