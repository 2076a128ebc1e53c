#include "tests/client/fake_server.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/tensor.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

namespace attnd::client {
namespace {

constexpr int64_t kVocabularySize = 100;
constexpr int64_t kChannels = 4;

// `first`, `first` + 1, ... in every row.
v1::Tensor CountingRows(int64_t rows, int64_t columns, int first) {
  std::vector<float> values;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) values.push_back(static_cast<float>(first + column));
  }
  return EncodeTensor(values, {rows, columns}).value();
}

int64_t TokenCount(const v1::Input& input) {
  return input.has_hidden_states() ? input.hidden_states().shape(0) : input.token_ids().ids_size();
}

int64_t RowCount(v1::Positions positions, int64_t token_count) {
  return positions == v1::POSITIONS_ALL ? token_count : 1;
}

v1::Timing SampleTiming() {
  v1::Timing timing;
  timing.set_queue_seconds(0.001);
  timing.set_compute_seconds(0.002);
  timing.set_batch_tokens(7);
  timing.set_batch_requests(1);
  timing.set_batch_count(1);
  return timing;
}

}  // namespace

void FakeService::AnswerWith(std::vector<grpc::Status> statuses) {
  const absl::MutexLock lock(&mutex_);
  statuses_ = std::move(statuses);
}

v1::ForwardRequest FakeService::last_forward() const {
  const absl::MutexLock lock(&mutex_);
  return last_forward_;
}

v1::EmbedRequest FakeService::last_embed() const {
  const absl::MutexLock lock(&mutex_);
  return last_embed_;
}

std::vector<std::string> FakeService::authorizations() const {
  const absl::MutexLock lock(&mutex_);
  return authorizations_;
}

void FakeService::Note(const grpc::ServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find("authorization");
  authorizations_.push_back(found == metadata.end() ? "" : std::string(found->second.data(), found->second.size()));
}

grpc::Status FakeService::NextStatus() {
  if (statuses_.empty()) return grpc::Status::OK;
  grpc::Status status = statuses_.front();
  statuses_.erase(statuses_.begin());
  return status;
}

grpc::Status FakeService::Forward(grpc::ServerContext* context, const v1::ForwardRequest* request,
                                  v1::ForwardResponse* response) {
  const absl::MutexLock lock(&mutex_);
  Note(*context);
  last_forward_ = *request;
  for (int i = 0; i < request->inputs_size(); ++i) {
    const int64_t token_count = TokenCount(request->inputs(i));
    v1::ForwardResult& result = *response->add_results();
    result.set_token_count(static_cast<uint32_t>(token_count));
    for (const v1::HiddenStatesSelection& selection : request->hidden_states()) {
      v1::HiddenStates& states = *result.add_hidden_states();
      states.set_layer(selection.layer());
      *states.mutable_values() = CountingRows(RowCount(selection.positions(), token_count), kChannels, i);
    }
    if (request->logits() != v1::POSITIONS_UNSPECIFIED) {
      *result.mutable_logits() = CountingRows(RowCount(request->logits(), token_count), kVocabularySize, 0);
    }
  }
  *response->mutable_timing() = SampleTiming();
  return NextStatus();
}

grpc::Status FakeService::Embed(grpc::ServerContext* context, const v1::EmbedRequest* request,
                                v1::EmbedResponse* response) {
  const absl::MutexLock lock(&mutex_);
  Note(*context);
  last_embed_ = *request;
  std::vector<float> values;
  for (int i = 0; i < request->inputs_size(); ++i) {
    for (int64_t channel = 0; channel < kChannels; ++channel) values.push_back(static_cast<float>(i + channel));
    response->add_token_counts(static_cast<uint32_t>(TokenCount(request->inputs(i))));
  }
  *response->mutable_embeddings() = EncodeTensor(values, {request->inputs_size(), kChannels}).value();
  *response->mutable_timing() = SampleTiming();
  return NextStatus();
}

grpc::Status FakeService::EmbedStream(
    grpc::ServerContext* context, grpc::ServerReaderWriter<v1::EmbedStreamResponse, v1::EmbedStreamRequest>* stream) {
  v1::EmbedStreamRequest item;
  while (stream->Read(&item)) {
    v1::EmbedStreamResponse answer;
    answer.set_id(item.id());
    if (item.id() % 2 == 1) {
      answer.mutable_status()->set_code(grpc::StatusCode::INVALID_ARGUMENT);
    } else {
      answer.mutable_result()->set_token_count(static_cast<uint32_t>(TokenCount(item.input())));
    }
    stream->Write(answer);
  }
  const absl::MutexLock lock(&mutex_);
  Note(*context);
  return NextStatus();
}

grpc::Status FakeService::ForwardStream(
    grpc::ServerContext* context,
    grpc::ServerReaderWriter<v1::ForwardStreamResponse, v1::ForwardStreamRequest>* stream) {
  v1::ForwardStreamRequest item;
  while (stream->Read(&item)) {
    v1::ForwardStreamResponse answer;
    answer.set_id(item.id());
    answer.mutable_result()->set_token_count(static_cast<uint32_t>(TokenCount(item.input())));
    stream->Write(answer);
  }
  const absl::MutexLock lock(&mutex_);
  Note(*context);
  return NextStatus();
}

grpc::Status FakeService::GetModel(grpc::ServerContext* context, const v1::GetModelRequest*,
                                   v1::GetModelResponse* response) {
  {
    const absl::MutexLock lock(&mutex_);
    Note(*context);
  }
  response->set_name("fake");
  response->set_parameter_count(152791296);
  response->set_data_type(v1::DATA_TYPE_FLOAT32);
  response->mutable_config()->set_vocabulary_size(kVocabularySize);
  response->mutable_config()->set_embedding_length(kChannels);
  response->mutable_limits()->set_max_request_inputs(8);
  response->mutable_limits()->set_max_request_tokens(64);
  response->mutable_limits()->set_max_input_tokens(16);
  return grpc::Status::OK;
}

FakeServer::FakeServer() {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service_);
  server_ = builder.BuildAndStart();
  target_ = absl::StrCat("127.0.0.1:", port);
}

FakeServer::~FakeServer() { server_->Shutdown(); }

void FakeServer::SetServing(bool serving) { server_->GetHealthCheckService()->SetServingStatus(serving); }

std::string UnusedTarget() { return FakeServer().target(); }

}  // namespace attnd::client
