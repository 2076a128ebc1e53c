#include "client/client.h"

#include <functional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "client/channel.h"
#include "client/health.h"
#include "client/hedged_call.h"
#include "client/status.h"
#include "grpcpp/client_context.h"

namespace attnd::client {
namespace {

using Stub = v1::InferenceService::Stub;

// A server that starts is noticed this soon.
constexpr absl::Duration kHealthPollInterval = absl::Milliseconds(50);

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

// Of the overloads, those that take a function.
template <typename Request, typename Response>
using AsyncMethod = void (Stub::async::*)(grpc::ClientContext*, const Request*, Response*,
                                          std::function<void(grpc::Status)>);
constexpr AsyncMethod<v1::ForwardRequest, v1::ForwardResponse> kForwardAsync = &Stub::async::Forward;
constexpr AsyncMethod<v1::EmbedRequest, v1::EmbedResponse> kEmbedAsync = &Stub::async::Embed;

// What a call in flight needs; gRPC's callback keeps it alive.
template <typename Request, typename Response>
struct CallInFlight {
  std::unique_ptr<grpc::ClientContext> context;
  Request request;
  Response response;
  Client::Callback<Response> callback;

  // The context goes first: it holds the client's channel. Whoever waits for the callback may destroy the client at
  // once, and a channel whose last owner is a thread of gRPC's would wait for that very thread.
  void End(const grpc::Status& status) {
    context.reset();
    if (status.ok()) {
      callback(std::move(response));
    } else {
      callback(FromGrpcStatus(status));
    }
  }
};

}  // namespace

bool IsApiKey(absl::string_view text) {
  return !text.empty() &&
         absl::c_all_of(text, [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); });
}

std::unique_ptr<Client> Client::Create(const ClientOptions& options) {
  return std::unique_ptr<Client>(new Client(options, CreateChannel(options)));
}

Client::Client(const ClientOptions& options, std::shared_ptr<grpc::Channel> channel)
    : timeout_(options.timeout),
      hedging_delay_(options.hedging_delay),
      authorization_(IsApiKey(options.api_key) ? absl::StrCat("Bearer ", options.api_key) : ""),
      channel_(std::move(channel)),
      stub_(v1::InferenceService::NewStub(channel_)),
      admin_stub_(v1::AdminService::NewStub(channel_)) {}

std::unique_ptr<grpc::ClientContext> Client::NewEndlessContext() const {
  auto context = std::make_unique<grpc::ClientContext>();
  if (!authorization_.empty()) context->AddMetadata("authorization", authorization_);
  return context;
}

std::unique_ptr<grpc::ClientContext> Client::NewContext(absl::Time deadline) const {
  auto context = NewEndlessContext();
  context->set_deadline(absl::ToChronoTime(deadline));
  return context;
}

absl::Time Client::Deadline() const { return absl::Now() + timeout_; }

template <typename Request, typename Response, typename Method>
void Client::CallAsync(Method method, Request request, Callback<Response> callback) {
  const absl::Time deadline = Deadline();
  if (hedging_delay_.has_value()) {
    HedgedCall<Request, Response>::Begin(
        std::move(request), {NewContext(deadline), NewContext(deadline)},
        [stub = stub_->async(), method](auto* context, const auto* sent, auto* response, auto done) {
          (stub->*method)(context, sent, response, std::move(done));
        },
        *hedging_delay_, std::move(callback));
    return;
  }
  auto call = std::make_shared<CallInFlight<Request, Response>>();
  call->context = NewContext(deadline);
  call->request = std::move(request);
  call->callback = std::move(callback);
  (stub_->async()->*method)(call->context.get(), &call->request, &call->response,
                            [call](const grpc::Status& status) { call->End(status); });
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): a HedgedCall deletes itself.

template <typename Response, typename Request, typename Method>
absl::StatusOr<Response> Client::WaitFor(Method method, const Request& request) {
  absl::StatusOr<Response> response;
  absl::Notification done;
  CallAsync(method, request, Callback<Response>([&response, &done](absl::StatusOr<Response> answer) {
              response = std::move(answer);
              done.Notify();
            }));
  done.WaitForNotification();
  return response;
}

absl::StatusOr<v1::ForwardResponse> Client::Forward(const v1::ForwardRequest& request) {
  if (hedging_delay_.has_value()) return WaitFor<v1::ForwardResponse>(kForwardAsync, request);
  return Call(*stub_, &Stub::Forward, request, *NewContext(Deadline()));
}

absl::StatusOr<v1::EmbedResponse> Client::Embed(const v1::EmbedRequest& request) {
  if (hedging_delay_.has_value()) return WaitFor<v1::EmbedResponse>(kEmbedAsync, request);
  return Call(*stub_, &Stub::Embed, request, *NewContext(Deadline()));
}

absl::StatusOr<v1::TokenizeResponse> Client::Tokenize(const v1::TokenizeRequest& request) {
  return Call(*stub_, &Stub::Tokenize, request, *NewContext(Deadline()));
}

absl::StatusOr<v1::DetokenizeResponse> Client::Detokenize(const v1::DetokenizeRequest& request) {
  return Call(*stub_, &Stub::Detokenize, request, *NewContext(Deadline()));
}

absl::StatusOr<v1::GetModelResponse> Client::GetModel() {
  return Call(*stub_, &Stub::GetModel, v1::GetModelRequest(), *NewContext(Deadline()));
}

absl::StatusOr<v1::ReloadModelResponse> Client::ReloadModel(const v1::ReloadModelRequest& request) {
  return Call(*admin_stub_, &v1::AdminService::Stub::ReloadModel, request, *NewContext(Deadline()));
}

void Client::ForwardAsync(v1::ForwardRequest request, Callback<v1::ForwardResponse> callback) {
  CallAsync(kForwardAsync, std::move(request), std::move(callback));
}

void Client::EmbedAsync(v1::EmbedRequest request, Callback<v1::EmbedResponse> callback) {
  CallAsync(kEmbedAsync, std::move(request), std::move(callback));
}

std::unique_ptr<ForwardStream> Client::OpenForwardStream() {
  auto context = NewContext(Deadline());
  auto call = stub_->ForwardStream(context.get());
  return std::make_unique<ForwardStream>(std::move(context), std::move(call));
}

std::unique_ptr<EmbedStream> Client::OpenEmbedStream() {
  auto context = NewContext(Deadline());
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
