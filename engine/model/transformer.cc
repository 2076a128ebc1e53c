#include "engine/model/transformer.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "engine/model/outputs.h"
#include "engine/model/parameters.h"
#include "engine/ops/attention.h"
#include "engine/ops/cpu.h"

namespace attnd {
namespace {

// Rows beyond the batch that kernels may read and write.
constexpr int64_t kSpareRows = 128;

// Rows embedded by a thread at a time.
constexpr int64_t kEmbedRows = 16;

absl::Status Allocate(Arena& arena, int64_t count, absl::Span<float>& floats) {
  auto allocated = arena.Allocate<float>(count);
  if (allocated.ok()) floats = *allocated;
  return allocated.status();
}

absl::Status Allocate(Arena& arena, int64_t count, float*& floats) {
  auto allocated = arena.Allocate<float>(count);
  if (allocated.ok()) floats = allocated->data();
  return allocated.status();
}

std::byte* Bytes(absl::Span<float> floats) { return reinterpret_cast<std::byte*>(floats.data()); }

EngineInfo Describe(const ModelWeights& weights, const TransformerOptions& options) {
  const CpuDescription& cpu = DescribeCpu();
  return {.config = weights.config(),
          .data_type = weights.data_type(),
          .parameter_count = ParameterCount(weights.config()),
          .weights_sha256 = weights.sha256(),
          .isa = cpu.isa,
          .linear_implementation = weights.kernels().qkv->implementation(),
          .output_head_implementation = weights.output_head().implementation(),
          .vector_target = cpu.vector_target,
          .onednn_version = cpu.onednn_version,
          .thread_count = options.thread_count,
          .max_batch_tokens = options.max_batch_tokens};
}

}  // namespace

Transformer::Transformer(std::shared_ptr<const ModelWeights> weights, const TransformerOptions& options)
    : weights_(std::move(weights)),
      info_(Describe(*weights_, options)),
      attention_type_(AttentionType(info_.data_type)),
      team_(options.thread_count, options.cpus) {}

absl::StatusOr<std::unique_ptr<Transformer>> Transformer::Create(std::shared_ptr<const ModelWeights> weights,
                                                                 const TransformerOptions& options) {
  CHECK_GE(options.thread_count, 1);
  const int64_t context_length = weights->config().context_length;
  if (options.max_batch_tokens < context_length) {
    return absl::InvalidArgumentError(absl::StrCat("max_batch_tokens = ", options.max_batch_tokens,
                                                   ", must be at least the context length of the model, ",
                                                   context_length));
  }
  auto transformer = std::unique_ptr<Transformer>(new Transformer(std::move(weights), options));
  absl::Status status = transformer->AllocateActivations();
  const absl::Time warm_up_at = absl::Now();
  if (status.ok()) status = transformer->WarmUp();
  transformer->info_.warm_up = absl::Now() - warm_up_at;
  if (!status.ok()) return status;
  return transformer;
}

absl::Status Transformer::AllocateActivations() {
  const ModelConfig& config = info_.config;
  const int64_t rows = info_.max_batch_tokens + kSpareRows;
  stride_ = ActivationStride(config.embedding_length);
  const int64_t wide =
      std::max(ActivationStride(3 * config.embedding_length), ActivationStride(config.feed_forward_length));
  absl::Status status = Allocate(activations_, rows * stride_, x_);
  status.Update(Allocate(activations_, rows * stride_, attended_));
  status.Update(Allocate(activations_, rows * wide, wide_));
  scratch_.resize(static_cast<size_t>(team_.thread_count()));
  for (WorkerScratch& scratch : scratch_) {
    status.Update(Allocate(activations_,
                           AttentionScratchFloats(attention_type_, config.context_length, config.head_length()),
                           scratch.attention));
  }
  auto linear = LinearRunner::Create(rows, weights_->kernels().all(), team_, activations_);
  status.Update(linear.status());
  if (status.ok()) linear_ = *std::move(linear);
  auto head = OutputHead::Create(weights_->output_head(), config, info_.max_batch_tokens, team_, activations_);
  status.Update(head.status());
  if (status.ok()) output_head_ = *std::move(head);
  return status;
}

absl::Status Transformer::WarmUp() {
  const SequenceInput input{.token_ids = std::vector<int32_t>(static_cast<size_t>(info_.config.context_length)),
                            .token_count = info_.config.context_length};
  const OutputSelection selection{.logits = Positions::kLast};
  SequenceOutput output;
  const SequenceTask task{.input = &input, .selection = &selection, .output = &output};
  return Forward({&task, 1});
}

absl::Status Transformer::Forward(absl::Span<const SequenceTask> batch, absl::FunctionRef<bool()> is_abandoned) {
  layout_.Assign(batch, info_.config.head_count, team_.thread_count());
  CHECK_LE(layout_.row_count(), info_.max_batch_tokens);
  const ThreadTeam::Activity activity(team_);
  ResizeOutputs(info_.config, batch);
  if (auto status = Embed(batch); !status.ok()) return status;
  for (size_t index = 0; index < weights_->layers().size(); ++index) {
    if (is_abandoned()) return absl::CancelledError("the batch was abandoned between two layers");
    if (auto status = RunLayer(weights_->layers()[index]); !status.ok()) return status;
    CopyHiddenOfAll(batch, static_cast<int64_t>(index) + 1);
  }
  if (auto status = Finish(batch); !status.ok()) return status;
  return output_head_->Run(batch, layout_, attended_.data(), stride_, Bytes(wide_));
}

absl::Status Transformer::Embed(absl::Span<const SequenceTask> batch) {
  const int64_t rows = layout_.row_count();
  auto status = team_.ParallelFor((rows + kEmbedRows - 1) / kEmbedRows, [&](int64_t item, int) {
    for (int64_t row = item * kEmbedRows; row < std::min((item + 1) * kEmbedRows, rows); ++row) {
      const size_t sequence = layout_.SequenceOf(row);
      EmbedRow(*batch[sequence].input, row - layout_.first_row(sequence), x_.data() + row * stride_);
    }
  });
  if (status.ok()) CopyHiddenOfAll(batch, 0);
  return status;
}

void Transformer::EmbedRow(const SequenceInput& input, int64_t position, float* row) const {
  const int64_t c = info_.config.embedding_length;
  if (!input.hidden.empty()) {
    std::copy_n(input.hidden.data() + position * c, c, row);
    return;
  }
  weights_->tokens().Read(input.token_ids[static_cast<size_t>(position)], row);
  std::transform(row, row + c, weights_->positions().data() + position * c, row, std::plus<>());
}

absl::Status Transformer::RunLayer(const Layer& layer) {
  const int64_t rows = layout_.row_count();
  absl::Status status = linear_->Run(rows, &layer.ln_1, layer.qkv, x_.data(), Bytes(wide_));
  if (status.ok()) status = AttendAll(layer.attention_scale);
  if (status.ok()) status = Project(layer.attention_projection, attended_);
  if (status.ok()) status = linear_->Run(rows, &layer.ln_2, layer.feed_forward, x_.data(), Bytes(wide_));
  if (status.ok()) status = Project(layer.feed_forward_projection, wide_);
  return status;
}

absl::Status Transformer::Project(const LinearLayer& projection, absl::Span<float> activations) {
  const int64_t rows = layout_.row_count();
  if (weights_->kernels().activation_type == DataType::kBfloat16) {
    return linear_->RunPrepared(rows, projection, Bytes(activations), Bytes(x_));
  }
  return linear_->Run(rows, nullptr, projection, activations.data(), Bytes(x_));
}

absl::Status Transformer::AttendAll(float scale) {
  const ModelConfig& config = info_.config;
  const int64_t c = config.embedding_length;
  const int64_t qkv_stride = ActivationStride(3 * c);
  const DataType out_type = weights_->kernels().activation_type;
  const int64_t out_stride = ActivationStride(c, out_type);
  const auto pieces = layout_.attention_pieces();
  const auto item_count = static_cast<int64_t>(pieces.size()) * config.head_count;
  return team_.ParallelFor(item_count, [&](int64_t item, int worker) {
    const AttentionPiece& piece = pieces[static_cast<size_t>(item / config.head_count)];
    const int64_t first_channel = item % config.head_count * config.head_length();
    const int64_t first_row = layout_.first_row(piece.sequence);
    const float* qkv = wide_.data() + first_row * qkv_stride + first_channel;
    Attend({.type = attention_type_,
            .head_length = config.head_length(),
            .q = qkv,
            .k = qkv + c,
            .v = qkv + 2 * c,
            .input_stride = qkv_stride,
            .out = Bytes(attended_) + (first_row * out_stride + first_channel) * DataTypeBytes(out_type),
            .output_stride = out_stride,
            .output_type = out_type,
            .scale = scale},
           piece.first_row, piece.last_row, scratch_[static_cast<size_t>(worker)].attention);
  });
}

absl::Status Transformer::Finish(absl::Span<const SequenceTask> batch) {
  return team_.ParallelFor(static_cast<int64_t>(batch.size()), [&](int64_t item, int) {
    const auto sequence = static_cast<size_t>(item);
    const SequenceTask& task = batch[sequence];
    const int64_t offset = layout_.first_row(sequence) * stride_;
    const int64_t first = FirstFinalRow(task, info_.config);
    float* final_rows = attended_.data() + offset;
    LayerNorm(weights_->final_norm(), task.input->token_count - first, x_.data() + offset + first * stride_,
              final_rows + first * stride_, stride_);
    CopyHidden(task, info_.config, info_.config.layer_count + 1, final_rows, stride_);
    PoolEmbedding(task, final_rows, stride_);
  });
}

void Transformer::CopyHiddenOfAll(absl::Span<const SequenceTask> batch, int64_t place) const {
  for (size_t sequence = 0; sequence < batch.size(); ++sequence) {
    CopyHidden(batch[sequence], info_.config, place, x_.data() + layout_.first_row(sequence) * stride_, stride_);
  }
}

}  // namespace attnd
