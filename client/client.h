// A client of an attnd server, or of several that serve the same model.
//
//   std::unique_ptr<Client> client = Client::Create({.target = "localhost:50051"});
//   v1::EmbedRequest request;
//   request.add_inputs()->mutable_token_ids()->add_ids(15496);
//   absl::StatusOr<v1::EmbedResponse> response = client->Embed(request);

#ifndef CLIENT_CLIENT_H_
#define CLIENT_CLIENT_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "attnd/v1/admin.grpc.pb.h"
#include "attnd/v1/inference.grpc.pb.h"
#include "client/client_options.h"
#include "client/stream.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"

namespace attnd::client {

// Whether `text` can be sent as an API key: printable ASCII without spaces.
bool IsApiKey(absl::string_view text);

// Threads: every method may be called from several threads at once.
// Owns: one connection to each server, made by the first call and remade when it is lost. Must outlive its calls; it
// may be destroyed once a callback of theirs has begun, but not in one. Errors: what the server answered to the last
// attempt, with its code and message, or gRPC's own: UNAVAILABLE when no server can be reached, DEADLINE_EXCEEDED after
// ClientOptions.timeout, RESOURCE_EXHAUSTED for a message beyond max_message_bytes.
class Client {
 public:
  // Receives the outcome of an asynchronous call, once, on a thread of gRPC's. Must not block.
  template <typename Response>
  using Callback = absl::AnyInvocable<void(absl::StatusOr<Response>)>;

  static std::unique_ptr<Client> Create(const ClientOptions& options);

  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  absl::StatusOr<v1::ForwardResponse> Forward(const v1::ForwardRequest& request);
  absl::StatusOr<v1::EmbedResponse> Embed(const v1::EmbedRequest& request);
  absl::StatusOr<v1::TokenizeResponse> Tokenize(const v1::TokenizeRequest& request);
  absl::StatusOr<v1::DetokenizeResponse> Detokenize(const v1::DetokenizeRequest& request);
  absl::StatusOr<v1::GetModelResponse> GetModel();

  // Of a target that serves AdminService.
  absl::StatusOr<v1::ReloadModelResponse> ReloadModel(const v1::ReloadModelRequest& request);

  // Forward and Embed without waiting for the answer.
  void ForwardAsync(v1::ForwardRequest request, Callback<v1::ForwardResponse> callback);
  void EmbedAsync(v1::EmbedRequest request, Callback<v1::EmbedResponse> callback);

  // Streams of items, with ClientOptions.timeout as the deadline of all of them. The client must outlive them.
  std::unique_ptr<ForwardStream> OpenForwardStream();
  std::unique_ptr<EmbedStream> OpenEmbedStream();
  // One without a deadline, for as many items as there are.
  std::unique_ptr<EmbedStream> OpenEndlessEmbedStream();

  // OK when the server says it is serving, UNAVAILABLE when it says otherwise or cannot be reached. Does not wait for a
  // server that is starting.
  absl::Status CheckHealth();

  // Waits for a server that is starting. Errors: UNAVAILABLE or DEADLINE_EXCEEDED when it is not serving by then.
  absl::Status WaitUntilServing(absl::Duration timeout);

 private:
  Client(const ClientOptions& options, std::shared_ptr<grpc::Channel> channel);

  // Of a call that begins now: without a deadline, and with one.
  std::unique_ptr<grpc::ClientContext> NewEndlessContext() const;
  std::unique_ptr<grpc::ClientContext> NewContext(absl::Time deadline) const;
  absl::Time Deadline() const;

  // Makes a call, hedged where the options say so, and hands its outcome to `callback`; or waits for it.
  template <typename Request, typename Response, typename Method>
  void CallAsync(Method method, Request request, Callback<Response> callback);
  template <typename Response, typename Request, typename Method>
  absl::StatusOr<Response> WaitFor(Method method, const Request& request);

  const absl::Duration timeout_;
  const std::optional<absl::Duration> hedging_delay_;
  const std::string authorization_;  // empty: none
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::InferenceService::Stub> stub_;
  const std::unique_ptr<v1::AdminService::Stub> admin_stub_;
};

}  // namespace attnd::client

#endif  // CLIENT_CLIENT_H_
