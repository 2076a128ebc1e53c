#include "client/client.h"

#include <functional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/health.h"
#include "client/status.h"
#include "grpc/grpc.h"
#include "grpcpp/client_context.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"

namespace attnd::client {
namespace {

using Stub = v1::InferenceService::Stub;

// A server that starts is noticed this soon.
constexpr absl::Duration kHealthPollInterval = absl::Milliseconds(50);
constexpr int kFirstReconnectBackoffMs = 100;
constexpr int kMaxReconnectBackoffMs = 1000;

std::shared_ptr<grpc::ChannelCredentials> CredentialsFor(const ClientOptions& options) {
  if (!options.tls) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({.pem_root_certs = options.tls->authorities,
                               .pem_private_key = options.tls->private_key,
                               .pem_cert_chain = options.tls->certificate});
}

template <typename AnyStub, typename Request, typename Response>
using Method = grpc::Status (AnyStub::*)(grpc::ClientContext*, const Request&, Response*);

template <typename AnyStub, typename Request, typename Response>
absl::StatusOr<Response> Call(AnyStub& stub, Method<AnyStub, Request, Response> method, const Request& request,
                              grpc::ClientContext& context) {
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return FromGrpcStatus(status);
  return response;
}

template <typename Request, typename Response>
using AsyncMethod = void (Stub::async::*)(grpc::ClientContext*, const Request*, Response*,
                                          std::function<void(grpc::Status)>);

// What a call in flight needs; gRPC's callback keeps it alive.
template <typename Request, typename Response>
struct CallInFlight {
  std::unique_ptr<grpc::ClientContext> context;
  Request request;
  Response response;
  Client::Callback<Response> callback;
};

template <typename Request, typename Response>
void CallAsync(Stub& stub, AsyncMethod<Request, Response> method, Request request,
               std::unique_ptr<grpc::ClientContext> context, Client::Callback<Response> callback) {
  auto call = std::make_shared<CallInFlight<Request, Response>>();
  call->context = std::move(context);
  call->request = std::move(request);
  call->callback = std::move(callback);
  (stub.async()->*method)(call->context.get(), &call->request, &call->response, [call](const grpc::Status& status) {
    if (status.ok()) {
      call->callback(std::move(call->response));
    } else {
      call->callback(FromGrpcStatus(status));
    }
  });
}

}  // namespace

bool IsApiKey(absl::string_view text) {
  return !text.empty() &&
         absl::c_all_of(text, [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); });
}

std::unique_ptr<Client> Client::Create(const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(options.max_message_bytes);
  arguments.SetMaxSendMessageSize(options.max_message_bytes);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectBackoffMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxReconnectBackoffMs);
  // As the server: no probe of bandwidth with every reply.
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  // Two clients of one target have two connections.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (options.tls && !options.tls->server_name.empty()) arguments.SetSslTargetNameOverride(options.tls->server_name);
  return std::unique_ptr<Client>(
      new Client(options, grpc::CreateCustomChannel(options.target, CredentialsFor(options), arguments)));
}

Client::Client(const ClientOptions& options, std::shared_ptr<grpc::Channel> channel)
    : timeout_(options.timeout),
      authorization_(IsApiKey(options.api_key) ? absl::StrCat("Bearer ", options.api_key) : ""),
      channel_(std::move(channel)),
      stub_(v1::InferenceService::NewStub(channel_)),
      admin_stub_(v1::AdminService::NewStub(channel_)) {}

std::unique_ptr<grpc::ClientContext> Client::NewEndlessContext() const {
  auto context = std::make_unique<grpc::ClientContext>();
  if (!authorization_.empty()) context->AddMetadata("authorization", authorization_);
  return context;
}

std::unique_ptr<grpc::ClientContext> Client::NewContext() const {
  auto context = NewEndlessContext();
  context->set_deadline(absl::ToChronoTime(absl::Now() + timeout_));
  return context;
}

absl::StatusOr<v1::ForwardResponse> Client::Forward(const v1::ForwardRequest& request) {
  return Call(*stub_, &Stub::Forward, request, *NewContext());
}

absl::StatusOr<v1::EmbedResponse> Client::Embed(const v1::EmbedRequest& request) {
  return Call(*stub_, &Stub::Embed, request, *NewContext());
}

absl::StatusOr<v1::TokenizeResponse> Client::Tokenize(const v1::TokenizeRequest& request) {
  return Call(*stub_, &Stub::Tokenize, request, *NewContext());
}

absl::StatusOr<v1::DetokenizeResponse> Client::Detokenize(const v1::DetokenizeRequest& request) {
  return Call(*stub_, &Stub::Detokenize, request, *NewContext());
}

absl::StatusOr<v1::GetModelResponse> Client::GetModel() {
  return Call(*stub_, &Stub::GetModel, v1::GetModelRequest(), *NewContext());
}

absl::StatusOr<v1::ReloadModelResponse> Client::ReloadModel(const v1::ReloadModelRequest& request) {
  return Call(*admin_stub_, &v1::AdminService::Stub::ReloadModel, request, *NewContext());
}

void Client::ForwardAsync(v1::ForwardRequest request, Callback<v1::ForwardResponse> callback) {
  CallAsync<v1::ForwardRequest, v1::ForwardResponse>(*stub_, &Stub::async::Forward, std::move(request), NewContext(),
                                                     std::move(callback));
}

void Client::EmbedAsync(v1::EmbedRequest request, Callback<v1::EmbedResponse> callback) {
  CallAsync<v1::EmbedRequest, v1::EmbedResponse>(*stub_, &Stub::async::Embed, std::move(request), NewContext(),
                                                 std::move(callback));
}

std::unique_ptr<ForwardStream> Client::OpenForwardStream() {
  auto context = NewContext();
  auto call = stub_->ForwardStream(context.get());
  return std::make_unique<ForwardStream>(std::move(context), std::move(call));
}

std::unique_ptr<EmbedStream> Client::OpenEmbedStream() {
  auto context = NewContext();
  auto call = stub_->EmbedStream(context.get());
  return std::make_unique<EmbedStream>(std::move(context), std::move(call));
}

std::unique_ptr<EmbedStream> Client::OpenEndlessEmbedStream() {
  auto context = NewEndlessContext();
  auto call = stub_->EmbedStream(context.get());
  return std::make_unique<EmbedStream>(std::move(context), std::move(call));
}

absl::Status Client::CheckHealth() {
  return client::CheckHealth(channel_, absl::Now() + timeout_, WhenUnconnected::kFail);
}

absl::Status Client::WaitUntilServing(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (true) {
    absl::Status status = client::CheckHealth(channel_, deadline, WhenUnconnected::kWait);
    if (!absl::IsUnavailable(status) || absl::Now() + kHealthPollInterval >= deadline) return status;
    absl::SleepFor(kHealthPollInterval);
  }
}

}  // namespace attnd::client
