#include "server/open_inference/model_description.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "engine/tensor/data_type.h"
#include "server/open_inference/infer_reply.h"
#include "server/open_inference/input_tensors.h"
#include "server/open_inference/model_version.h"
#include "server/version.h"

namespace attnd {
namespace {

constexpr char kPlatform[] = "attnd_gpt2";
constexpr int64_t kAny = -1;

struct Tensor {
  const char* name;
  const char* datatype;
  inference::DataType data_type;
  std::vector<int64_t> dims;  // without the rows
  bool optional = false;      // of inputs
};

// Of input_ids and text only one may be sent.
std::vector<Tensor> Inputs() {
  return {{kInputIds, "INT64", inference::TYPE_INT64, {kAny}},
          {kAttentionMask, "INT64", inference::TYPE_INT64, {kAny}, true},
          {kLengths, "INT64", inference::TYPE_INT64, {1}, true},
          {kText, "BYTES", inference::TYPE_STRING, {1}, true}};
}

// Those of an embedding, and of likely tokens, are as many as the call asks for.
int64_t OutputColumns(InferOutput output, const ModelConfig& config) {
  if (output == InferOutput::kHiddenState) return config.embedding_length;
  return output == InferOutput::kLogits ? config.vocabulary_size : kAny;
}

std::vector<Tensor> Outputs(const ModelConfig& config) {
  std::vector<Tensor> tensors;
  for (const InferOutput output : kInferOutputs) {
    tensors.push_back({InferOutputName(output),
                       InferOutputDataType(output),
                       output == InferOutput::kTopK ? inference::TYPE_INT32 : inference::TYPE_FP32,
                       {OutputColumns(output, config)}});
  }
  return tensors;
}

void EncodeTensor(const Tensor& tensor, inference::ModelMetadataResponse::TensorMetadata& message) {
  message.set_name(tensor.name);
  message.set_datatype(tensor.datatype);
  message.add_shape(kAny);
  for (const int64_t size : tensor.dims) message.add_shape(size);
}

void EncodeTime(const CountedTime& time, inference::StatisticDuration& message) {
  message.set_count(static_cast<uint64_t>(time.count));
  message.set_ns(static_cast<uint64_t>(absl::ToInt64Nanoseconds(time.total)));
}

}  // namespace

void EncodeServerMetadata(inference::ServerMetadataResponse& message) {
  message.set_name("attnd");
  message.set_version(kVersion);
  for (const char* extension : {"model_configuration", "parameters", "schedule_policy", "statistics"}) {
    message.add_extensions(extension);
  }
}

void EncodeModelMetadata(const ServedModel& model, inference::ModelMetadataResponse& message) {
  message.set_name(model.name);
  message.add_versions(OpenInferenceVersion(model));
  message.set_platform(kPlatform);
  for (const Tensor& input : Inputs()) EncodeTensor(input, *message.add_inputs());
  for (const Tensor& output : Outputs(model.config())) EncodeTensor(output, *message.add_outputs());
  auto& properties = *message.mutable_properties();
  properties["model_version"] = model.version;
  properties["weights_sha256"] = model.info().weights_sha256;
  properties["data_type"] = std::string(DataTypeName(model.info().data_type));
  properties["context_length"] = absl::StrCat(model.config().context_length);
  properties["vocabulary_size"] = absl::StrCat(model.config().vocabulary_size);
}

void EncodeModelConfig(const ServedModel& model, const CallLimits& limits, inference::ModelConfigResponse& message) {
  inference::ModelConfig& config = *message.mutable_config();
  config.set_name(model.name);
  config.set_platform(kPlatform);
  config.set_backend("attnd");
  config.set_max_batch_size(static_cast<int32_t>(limits.max_request_inputs));
  for (const Tensor& tensor : Inputs()) {
    inference::ModelInput& input = *config.add_input();
    input.set_name(tensor.name);
    input.set_data_type(tensor.data_type);
    input.mutable_dims()->Assign(tensor.dims.begin(), tensor.dims.end());
    input.set_allow_ragged_batch(true);
    input.set_optional(tensor.optional);
  }
  for (const Tensor& tensor : Outputs(model.config())) {
    inference::ModelOutput& output = *config.add_output();
    output.set_name(tensor.name);
    output.set_data_type(tensor.data_type);
    output.mutable_dims()->Assign(tensor.dims.begin(), tensor.dims.end());
  }
  inference::ModelInstanceGroup& group = *config.add_instance_group();
  group.set_count(static_cast<int32_t>(model.engines.size()));
  group.set_kind(inference::ModelInstanceGroup::KIND_CPU);
  config.mutable_dynamic_batching();
}

void EncodeModelStatistics(const ServedModel& model, const InferenceStatistics& statistics,
                           inference::ModelStatisticsResponse& message) {
  inference::ModelStatistics& stats = *message.add_model_stats();
  stats.set_name(model.name);
  stats.set_version(OpenInferenceVersion(model));
  if (statistics.last_completed != absl::InfinitePast()) {
    stats.set_last_inference(static_cast<uint64_t>(absl::ToUnixMillis(statistics.last_completed)));
  }
  stats.set_inference_count(static_cast<uint64_t>(statistics.inputs));
  stats.set_execution_count(static_cast<uint64_t>(statistics.batches));
  inference::InferStatistics& calls = *stats.mutable_inference_stats();
  EncodeTime(statistics.completed, *calls.mutable_success());
  EncodeTime({.count = statistics.failed}, *calls.mutable_fail());
  EncodeTime(statistics.queue, *calls.mutable_queue());
  EncodeTime(statistics.decode, *calls.mutable_compute_input());
  EncodeTime(statistics.compute, *calls.mutable_compute_infer());
  EncodeTime(statistics.serialize, *calls.mutable_compute_output());
}

void EncodeModelIndex(const ServedModel& model, bool ready, inference::RepositoryIndexResponse& message) {
  auto& index = *message.add_models();
  index.set_name(model.name);
  index.set_version(OpenInferenceVersion(model));
  index.set_state(ready ? "READY" : "UNAVAILABLE");
  if (!ready) index.set_reason("the server is draining, or a batch takes suspiciously long");
}

}  // namespace attnd
