#include "tests/client/fake_server.h"

#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/tensor.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

namespace attnd::client {
namespace {

constexpr int64_t kVocabularySize = 100;
constexpr uint32_t kTokenizerTokenCount = 90;
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
  if (input.has_text()) return static_cast<int64_t>(input.text().size());
  return input.has_hidden_states() ? input.hidden_states().shape(0) : input.token_ids().ids_size();
}

std::vector<uint32_t> TokensOf(const v1::Input& input) {
  if (input.has_text()) return std::vector<uint32_t>(input.text().size(), 7);
  return {input.token_ids().ids().begin(), input.token_ids().ids().end()};
}

int64_t RowCount(v1::Positions positions, int64_t token_count) {
  return positions == v1::POSITIONS_ALL ? token_count : 1;
}

// Ids k, k - 1, ..., each less likely than the one before.
void AddTopTokens(const v1::TopKSelection& selection, v1::ForwardResult& result) {
  v1::TopTokens& top = *result.add_top_k();
  top.set_position(result.token_count() - 1);
  for (uint32_t rank = 1; rank <= selection.k(); ++rank) {
    top.add_ids(selection.k() + 1 - rank);
    top.add_logits(-static_cast<float>(rank));
    top.add_log_probabilities(-static_cast<float>(rank) / 2);
  }
}

std::optional<v1::EmbedStreamResponse> AnswerItemByParity(const v1::EmbedStreamRequest& item) {
  v1::EmbedStreamResponse answer;
  answer.set_id(item.id());
  if (item.id() % 2 == 1) {
    answer.mutable_status()->set_code(grpc::StatusCode::INVALID_ARGUMENT);
  } else {
    answer.mutable_result()->set_token_count(static_cast<uint32_t>(TokenCount(item.input())));
  }
  return answer;
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

void AddScores(const v1::Input& input, v1::ForwardResult& result) {
  v1::TokenLogProbabilities& scores = *result.mutable_token_log_probabilities();
  double sum = 0;
  for (const uint32_t id : TokensOf(input)) {
    if (scores.token_ids_size() > 0) {
      const float value = -static_cast<float>(scores.token_ids_size()) / 2;
      scores.add_log_probabilities(value);
      sum += static_cast<double>(value);
    }
    scores.add_token_ids(id);
  }
  scores.set_sum(sum);
}

void WriteChunks(const v1::ForwardStreamRequest& item,
                 grpc::ServerReaderWriter<v1::ForwardStreamResponse, v1::ForwardStreamRequest>& stream) {
  constexpr size_t kChunkBytes = 8;
  const v1::Tensor tensor = CountingRows(TokenCount(item.input()), kChannels, static_cast<int>(item.id()));
  for (size_t offset = 0; offset < tensor.data().size(); offset += kChunkBytes) {
    v1::ForwardStreamResponse answer;
    answer.set_id(item.id());
    v1::TensorChunk& chunk = *answer.mutable_chunk();
    chunk.set_hidden_states(0);
    chunk.set_data_type(tensor.data_type());
    *chunk.mutable_shape() = tensor.shape();
    chunk.set_offset(offset);
    chunk.set_data(tensor.data().substr(offset, kChunkBytes));
    stream.Write(answer);
  }
}

}  // namespace

void FakeService::AnswerWith(std::vector<grpc::Status> statuses) {
  const absl::MutexLock lock(&mutex_);
  statuses_ = std::move(statuses);
  pushback_ms_ = std::nullopt;
}

void FakeService::AnswerWithPushback(std::vector<grpc::Status> statuses, int pushback_ms) {
  const absl::MutexLock lock(&mutex_);
  statuses_ = std::move(statuses);
  pushback_ms_ = pushback_ms;
}

void FakeService::HoldNextUntilCancelled() {
  const absl::MutexLock lock(&mutex_);
  hold_next_ = true;
}

void FakeService::DenyTexts() {
  const absl::MutexLock lock(&mutex_);
  texts_denied_ = true;
}

void FakeService::AnswerItemsWith(AnswerItem answer) {
  const absl::MutexLock lock(&mutex_);
  answer_item_ = std::move(answer);
}

v1::ForwardRequest FakeService::last_forward() const {
  const absl::MutexLock lock(&mutex_);
  return last_forward_;
}

v1::EmbedRequest FakeService::last_embed() const {
  const absl::MutexLock lock(&mutex_);
  return last_embed_;
}

int FakeService::call_count() const {
  const absl::MutexLock lock(&mutex_);
  return call_count_;
}

int FakeService::cancelled_count() const {
  const absl::MutexLock lock(&mutex_);
  return cancelled_count_;
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

grpc::Status FakeService::NextStatus(grpc::ServerContext& context) {
  if (statuses_.empty()) return grpc::Status::OK;
  grpc::Status status = statuses_.front();
  statuses_.erase(statuses_.begin());
  if (pushback_ms_.has_value()) context.AddTrailingMetadata("grpc-retry-pushback-ms", absl::StrCat(*pushback_ms_));
  return status;
}

grpc::Status FakeService::TextStatus() const {
  const absl::MutexLock lock(&mutex_);
  return texts_denied_ ? grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "no texts") : grpc::Status::OK;
}

bool FakeService::Held(const grpc::ServerContext& context) {
  {
    const absl::MutexLock lock(&mutex_);
    ++call_count_;
    if (!std::exchange(hold_next_, false)) return false;
  }
  while (!context.IsCancelled()) std::this_thread::yield();
  const absl::MutexLock lock(&mutex_);
  ++cancelled_count_;
  return true;
}

grpc::Status FakeService::Forward(grpc::ServerContext* context, const v1::ForwardRequest* request,
                                  v1::ForwardResponse* response) {
  if (Held(*context)) return grpc::Status::CANCELLED;
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
    if (request->has_top_k()) AddTopTokens(request->top_k(), result);
  }
  if (request->token_log_probabilities()) {
    for (int i = 0; i < request->inputs_size(); ++i) AddScores(request->inputs(i), *response->mutable_results(i));
  }
  *response->mutable_timing() = SampleTiming();
  return NextStatus(*context);
}

grpc::Status FakeService::Tokenize(grpc::ServerContext*, const v1::TokenizeRequest* request,
                                   v1::TokenizeResponse* response) {
  for (uint32_t i = 0; i < request->text().size(); ++i) {
    response->add_ids(7);
    response->add_begins(i);
    response->add_ends(i + 1);
  }
  return TextStatus();
}

grpc::Status FakeService::Detokenize(grpc::ServerContext*, const v1::DetokenizeRequest* request,
                                     v1::DetokenizeResponse* response) {
  std::string text;
  for (const uint32_t id : request->ids()) {
    if (id >= kTokenizerTokenCount) return {grpc::StatusCode::INVALID_ARGUMENT, "no such token"};
    absl::StrAppend(&text, "t", id);
    response->add_ends(static_cast<uint32_t>(text.size()));
  }
  response->set_text(text);
  return TextStatus();
}

grpc::Status FakeService::Embed(grpc::ServerContext* context, const v1::EmbedRequest* request,
                                v1::EmbedResponse* response) {
  if (Held(*context)) return grpc::Status::CANCELLED;
  const absl::MutexLock lock(&mutex_);
  Note(*context);
  last_embed_ = *request;
  std::vector<float> values;
  for (int i = 0; i < request->inputs_size(); ++i) {
    for (int64_t channel = 0; channel < kChannels; ++channel) values.push_back(static_cast<float>(i + channel));
    response->add_token_counts(static_cast<uint32_t>(TokenCount(request->inputs(i))));
  }
  response->set_model_version("0123456789ab-1");
  *response->mutable_embeddings() = EncodeTensor(values, {request->inputs_size(), kChannels}).value();
  *response->mutable_timing() = SampleTiming();
  return NextStatus(*context);
}

grpc::Status FakeService::EmbedStream(
    grpc::ServerContext* context, grpc::ServerReaderWriter<v1::EmbedStreamResponse, v1::EmbedStreamRequest>* stream) {
  AnswerItem answer_item;
  {
    const absl::MutexLock lock(&mutex_);
    answer_item = answer_item_ ? answer_item_ : AnswerItemByParity;
  }
  v1::EmbedStreamRequest item;
  while (stream->Read(&item)) {
    if (const auto answer = answer_item(item)) stream->Write(*answer);
  }
  const absl::MutexLock lock(&mutex_);
  Note(*context);
  return NextStatus(*context);
}

grpc::Status FakeService::ForwardStream(
    grpc::ServerContext* context,
    grpc::ServerReaderWriter<v1::ForwardStreamResponse, v1::ForwardStreamRequest>* stream) {
  v1::ForwardStreamRequest item;
  while (stream->Read(&item)) {
    v1::ForwardStreamResponse answer;
    answer.set_id(item.id());
    if (item.max_chunk_bytes() > 0) WriteChunks(item, *stream);
    answer.mutable_result()->set_token_count(static_cast<uint32_t>(TokenCount(item.input())));
    stream->Write(answer);
  }
  const absl::MutexLock lock(&mutex_);
  Note(*context);
  return NextStatus(*context);
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
  response->set_tokenizer_token_count(kTokenizerTokenCount);
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
