#include "engine/model/transformer.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <future>
#include <numeric>
#include <string>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "engine/model/parameters.h"
#include "engine/ops/attention.h"
#include "engine/ops/cpu.h"
#include "engine/ops/pooling.h"

namespace attnd {
namespace {

absl::Status Allocate(Arena& arena, int64_t count, absl::Span<float>& floats) {
  auto allocated = arena.AllocateFloats(count);
  if (allocated.ok()) floats = *allocated;
  return allocated.status();
}

absl::Status Allocate(Arena& arena, int64_t count, float*& floats) {
  auto allocated = arena.AllocateFloats(count);
  if (allocated.ok()) floats = allocated->data();
  return allocated.status();
}

// Whether `task` wants the final norm of every row, or needs it for what it wants.
bool WantsAllFinalRows(const SequenceTask& task, int64_t final_place) {
  const OutputSelection& selection = *task.selection;
  const auto is_all_final = [&](const HiddenSelection& hidden) {
    return hidden.layer == final_place && hidden.positions == Positions::kAll;
  };
  return selection.logits == Positions::kAll ||
         (selection.embedding && selection.embedding->pooling == Pooling::kMean) ||
         std::any_of(selection.hidden.begin(), selection.hidden.end(), is_all_final);
}

bool AnyWantsLogits(absl::Span<const SequenceTask> batch) {
  return std::any_of(batch.begin(), batch.end(),
                     [](const SequenceTask& task) { return task.selection->logits.has_value(); });
}

void ResizeOutputs(const ModelConfig& config, absl::Span<const SequenceTask> batch) {
  const auto size = [](int64_t rows, int64_t columns) { return static_cast<size_t>(rows * columns); };
  for (const SequenceTask& task : batch) {
    const OutputSelection& selection = *task.selection;
    const int64_t token_count = task.input->token_count;
    task.output->hidden.resize(selection.hidden.size());
    for (size_t i = 0; i < selection.hidden.size(); ++i) {
      const int64_t rows = RowCount(selection.hidden[i].positions, token_count);
      task.output->hidden[i].resize(size(rows, config.embedding_length));
    }
    if (selection.logits) {
      task.output->logits.resize(size(RowCount(*selection.logits, token_count), config.vocabulary_size));
    }
    if (selection.embedding) task.output->embedding.resize(size(1, config.embedding_length));
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Transformer>> Transformer::Create(const WeightSource& source,
                                                                 const TransformerOptions& options) {
  const ModelConfig& config = source.config();
  CHECK_GE(options.thread_count, 1);
  if (options.max_batch_tokens < config.context_length) {
    return absl::InvalidArgumentError(absl::StrCat("max_batch_tokens = ", options.max_batch_tokens,
                                                   ", must be at least the context length of the model, ",
                                                   config.context_length));
  }
  auto transformer = std::unique_ptr<Transformer>(new Transformer(options));
  const CpuDescription& cpu = DescribeCpu();
  transformer->info_ = {.config = config,
                        .parameter_count = ParameterCount(config),
                        .isa = cpu.isa,
                        .vector_target = cpu.vector_target,
                        .onednn_version = cpu.onednn_version,
                        .thread_count = options.thread_count,
                        .max_batch_tokens = options.max_batch_tokens};
  // Hashing takes about as long as everything else.
  std::future<std::string> weights_sha256 = std::async(std::launch::async, [&source] { return source.Sha256(); });
  absl::Status status = transformer->LoadWeights(source);
  if (status.ok()) status = transformer->AllocateActivations();
  if (status.ok()) status = transformer->WarmUp();
  transformer->info_.weights_sha256 = weights_sha256.get();
  if (!status.ok()) return status;
  return transformer;
}

absl::Status Transformer::LoadWeights(const WeightSource& source) {
  const ModelConfig& config = info_.config;
  auto kernels = LayerKernels::Create(config);
  if (!kernels.ok()) return kernels.status();
  kernels_ = *std::move(kernels);
  info_.linear_implementation = kernels_.qkv->implementation();

  absl::Status status = Allocate(weights_, config.vocabulary_size * config.embedding_length, token_embedding_);
  status.Update(Allocate(weights_, config.context_length * config.embedding_length, position_embedding_));
  if (!status.ok()) return status;
  if (status = source.Read("wte.weight", token_embedding_); !status.ok()) return status;
  if (status = source.Read("wpe.weight", position_embedding_); !status.ok()) return status;

  for (int64_t index = 0; index < config.layer_count; ++index) {
    auto layer = Layer::Load(source, index, kernels_, weights_);
    if (!layer.ok()) return layer.status();
    layers_.push_back(*std::move(layer));
  }
  auto final_norm = LoadLayerNorm(source, "ln_f", weights_);
  if (!final_norm.ok()) return final_norm.status();
  final_norm_ = *final_norm;

  std::vector<float> untied;
  if (!config.tied_output_head) {
    untied.resize(token_embedding_.size());
    if (status = source.Read("lm_head.weight", absl::MakeSpan(untied)); !status.ok()) return status;
  }
  const absl::Span<const float> head_weights = config.tied_output_head ? token_embedding_ : absl::MakeSpan(untied);
  auto head = OutputHead::Create(head_weights, config.embedding_length, weights_);
  if (!head.ok()) return head.status();
  head_ = *std::move(head);
  return absl::OkStatus();
}

absl::Status Transformer::AllocateActivations() {
  const ModelConfig& config = info_.config;
  const int64_t c = config.embedding_length;
  const int64_t rows = info_.max_batch_tokens + kMaxLinearRows;
  absl::Status status = Allocate(activations_, rows * c, x_);
  status.Update(Allocate(activations_, rows * 3 * c, qkv_));
  status.Update(Allocate(activations_, rows * c, attended_));
  status.Update(Allocate(activations_, rows * c, final_));
  const int64_t scratchpad = std::max(kernels_.scratchpad_floats(), head_->scratchpad_floats());
  scratch_.resize(static_cast<size_t>(team_.thread_count()));
  for (WorkerScratch& scratch : scratch_) {
    status.Update(Allocate(activations_, kMaxLinearRows * c, scratch.normed));
    status.Update(Allocate(activations_, kMaxLinearRows * config.feed_forward_length, scratch.feed_forward));
    status.Update(Allocate(activations_, kMaxLinearRows * OutputHead::kChunkColumns, scratch.logits));
    status.Update(
        Allocate(activations_, AttentionScratchSize(config.context_length, config.head_length()), scratch.attention));
    status.Update(Allocate(activations_, scratchpad, scratch.linear_scratchpad));
  }
  return status;
}

absl::Status Transformer::WarmUp() {
  const int64_t token_count = std::min(info_.config.context_length, kMaxLinearRows * team_.thread_count());
  const SequenceInput input{.token_ids = std::vector<int32_t>(static_cast<size_t>(token_count)),
                            .token_count = token_count};
  const OutputSelection selection{.logits = Positions::kLast};
  SequenceOutput output;
  const SequenceTask task{.input = &input, .selection = &selection, .output = &output};
  return Forward({&task, 1});
}

absl::Status Transformer::Forward(absl::Span<const SequenceTask> batch) {
  const Packing packing = Pack(batch);
  CHECK_LE(packing.row_count, info_.max_batch_tokens);
  ResizeOutputs(info_.config, batch);
  if (auto status = Embed(batch, packing); !status.ok()) return status;
  if (auto status = RunLayers(batch, packing); !status.ok()) return status;
  if (auto status = Finish(batch, packing); !status.ok()) return status;
  return AnyWantsLogits(batch) ? ComputeLogits(batch, packing) : absl::OkStatus();
}

Transformer::Packing Transformer::Pack(absl::Span<const SequenceTask> batch) const {
  Packing packing;
  for (const SequenceTask& task : batch) {
    packing.first_row.push_back(packing.row_count);
    packing.row_count += task.input->token_count;
  }
  const int64_t rows_per_thread = (packing.row_count + team_.thread_count() - 1) / team_.thread_count();
  const std::vector<int64_t>& row_counts = kernels_.row_counts;
  packing.slab_rows = *std::lower_bound(row_counts.begin(), row_counts.end() - 1, rows_per_thread);
  packing.longest_first.resize(batch.size());
  std::iota(packing.longest_first.begin(), packing.longest_first.end(), size_t{0});
  std::stable_sort(packing.longest_first.begin(), packing.longest_first.end(),
                   [&](size_t a, size_t b) { return batch[a].input->token_count > batch[b].input->token_count; });
  return packing;
}

absl::Status Transformer::Embed(absl::Span<const SequenceTask> batch, const Packing& packing) {
  return team_.ParallelFor(static_cast<int64_t>(batch.size()), [&](int64_t item, int) {
    const auto sequence = static_cast<size_t>(item);
    float* x = x_.data() + packing.first_row[sequence] * info_.config.embedding_length;
    EmbedSequence(*batch[sequence].input, x);
    CopyHidden(batch[sequence], 0, x);
  });
}

absl::Status Transformer::RunLayers(absl::Span<const SequenceTask> batch, const Packing& packing) {
  const int64_t c = info_.config.embedding_length;
  absl::Status status = ProjectQkv(layers_.front(), packing);
  for (size_t index = 0; index < layers_.size() && status.ok(); ++index) {
    const Layer& layer = layers_[index];
    const Layer* next = index + 1 < layers_.size() ? &layers_[index + 1] : nullptr;
    status = AttendAll(layer, batch, packing);
    if (!status.ok()) return status;
    // The slab goes on into the next layer while it is in the cache.
    status = team_.ParallelFor(packing.slab_count(), [&](int64_t slab, int worker) {
      const int64_t first = slab * packing.slab_rows;
      const int64_t rows = packing.rows_of_slab(slab);
      const WorkerScratch& scratch = scratch_[static_cast<size_t>(worker)];
      layer.AddSublayers(rows, attended_.data() + first * c, x_.data() + first * c, scratch);
      if (next) next->ProjectQkv(rows, x_.data() + first * c, qkv_.data() + first * 3 * c, scratch);
    });
    for (size_t sequence = 0; sequence < batch.size(); ++sequence) {
      CopyHidden(batch[sequence], static_cast<int64_t>(index) + 1, x_.data() + packing.first_row[sequence] * c);
    }
  }
  return status;
}

absl::Status Transformer::ProjectQkv(const Layer& layer, const Packing& packing) {
  const int64_t c = info_.config.embedding_length;
  return team_.ParallelFor(packing.slab_count(), [&](int64_t slab, int worker) {
    const int64_t first = slab * packing.slab_rows;
    layer.ProjectQkv(packing.rows_of_slab(slab), x_.data() + first * c, qkv_.data() + first * 3 * c,
                     scratch_[static_cast<size_t>(worker)]);
  });
}

absl::Status Transformer::AttendAll(const Layer& layer, absl::Span<const SequenceTask> batch, const Packing& packing) {
  const ModelConfig& config = info_.config;
  const int64_t c = config.embedding_length;
  const auto item_count = static_cast<int64_t>(batch.size()) * config.head_count;
  return team_.ParallelFor(item_count, [&](int64_t item, int worker) {
    const size_t sequence = packing.longest_first[static_cast<size_t>(item / config.head_count)];
    const int64_t first_channel = item % config.head_count * config.head_length();
    const float* qkv = qkv_.data() + packing.first_row[sequence] * 3 * c + first_channel;
    Attend({.token_count = batch[sequence].input->token_count,
            .head_length = config.head_length(),
            .q = qkv,
            .k = qkv + c,
            .v = qkv + 2 * c,
            .input_stride = 3 * c,
            .out = attended_.data() + packing.first_row[sequence] * c + first_channel,
            .output_stride = c,
            .scale = layer.attention_scale()},
           scratch_[static_cast<size_t>(worker)].attention);
  });
}

absl::Status Transformer::Finish(absl::Span<const SequenceTask> batch, const Packing& packing) {
  return team_.ParallelFor(static_cast<int64_t>(batch.size()), [&](int64_t item, int) {
    const auto sequence = static_cast<size_t>(item);
    const int64_t offset = packing.first_row[sequence] * info_.config.embedding_length;
    FinishSequence(batch[sequence], x_.data() + offset, final_.data() + offset);
  });
}

absl::Status Transformer::ComputeLogits(absl::Span<const SequenceTask> batch, const Packing& packing) {
  const int64_t c = info_.config.embedding_length;
  // The rows asked for, gathered where attention's output was, and where the logits of each go.
  std::vector<float*> destinations;
  for (size_t sequence = 0; sequence < batch.size(); ++sequence) {
    const SequenceTask& task = batch[sequence];
    if (!task.selection->logits) continue;
    const int64_t rows = RowCount(*task.selection->logits, task.input->token_count);
    const int64_t first = packing.first_row[sequence] + task.input->token_count - rows;
    std::copy_n(final_.data() + first * c, rows * c, attended_.data() + static_cast<int64_t>(destinations.size()) * c);
    for (int64_t row = 0; row < rows; ++row) {
      destinations.push_back(task.output->logits.data() + row * info_.config.vocabulary_size);
    }
  }
  const auto row_count = static_cast<int64_t>(destinations.size());
  const int64_t slab_rows = head_->max_rows();
  const int64_t slab_count = (row_count + slab_rows - 1) / slab_rows;
  return team_.ParallelFor(slab_count * head_->chunk_count(), [&](int64_t item, int worker) {
    const int64_t first = item / head_->chunk_count() * slab_rows;
    const int64_t rows = std::min(slab_rows, row_count - first);
    head_->ComputeChunk(item % head_->chunk_count(), attended_.data() + first * c,
                        absl::MakeSpan(destinations).subspan(static_cast<size_t>(first), static_cast<size_t>(rows)),
                        scratch_[static_cast<size_t>(worker)]);
  });
}

void Transformer::EmbedSequence(const SequenceInput& input, float* x) const {
  const int64_t c = info_.config.embedding_length;
  if (!input.hidden.empty()) {
    std::copy(input.hidden.begin(), input.hidden.end(), x);
    return;
  }
  const float* position_row = position_embedding_.data();
  for (const int32_t id : input.token_ids) {
    const float* token_row = token_embedding_.data() + id * c;
    x = std::transform(token_row, token_row + c, position_row, x, std::plus<>());
    position_row += c;
  }
}

void Transformer::FinishSequence(const SequenceTask& task, const float* x, float* final_rows) const {
  const int64_t c = info_.config.embedding_length;
  const int64_t final_place = info_.config.layer_count + 1;
  const int64_t token_count = task.input->token_count;
  const int64_t first = WantsAllFinalRows(task, final_place) ? 0 : token_count - 1;
  LayerNorm(final_norm_, token_count - first, x + first * c, final_rows + first * c);
  CopyHidden(task, final_place, final_rows);
  if (!task.selection->embedding) return;
  const absl::Span<float> embedding = absl::MakeSpan(task.output->embedding);
  if (task.selection->embedding->pooling == Pooling::kMean) {
    MeanOfRows(final_rows, token_count, embedding);
  } else {
    std::copy_n(final_rows + (token_count - 1) * c, c, embedding.begin());
  }
  if (task.selection->embedding->normalize) NormalizeToUnitLength(embedding);
}

void Transformer::CopyHidden(const SequenceTask& task, int64_t place, const float* rows) const {
  const int64_t c = info_.config.embedding_length;
  for (size_t i = 0; i < task.selection->hidden.size(); ++i) {
    const HiddenSelection& selection = task.selection->hidden[i];
    if (selection.layer != place) continue;
    const int64_t count = RowCount(selection.positions, task.input->token_count);
    std::copy_n(rows + (task.input->token_count - count) * c, count * c, task.output->hidden[i].begin());
  }
}

}  // namespace attnd
