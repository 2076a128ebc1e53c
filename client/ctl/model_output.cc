#include "client/ctl/model_output.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "client/json_line.h"
#include "client/text_table.h"
#include "nlohmann/json.hpp"

namespace attnd::client {
namespace {

// "1 thread", "2 threads".
std::string Count(uint32_t number, const char* thing) {
  return absl::StrCat(number, " ", thing, number == 1 ? "" : "s");
}

nlohmann::ordered_json ConfigJson(const v1::ModelConfig& config) {
  return {{"vocabulary_size", config.vocabulary_size()},
          {"context_length", config.context_length()},
          {"embedding_length", config.embedding_length()},
          {"head_count", config.head_count()},
          {"layer_count", config.layer_count()},
          {"feed_forward_length", config.feed_forward_length()},
          {"layer_norm_epsilon", config.layer_norm_epsilon()},
          {"activation_function", config.activation_function()},
          {"tied_output_head", config.tied_output_head()}};
}

nlohmann::ordered_json LimitsJson(const v1::ModelLimits& limits) {
  return {{"max_request_inputs", limits.max_request_inputs()},
          {"max_request_tokens", limits.max_request_tokens()},
          {"max_input_tokens", limits.max_input_tokens()},
          {"max_request_bytes", limits.max_request_bytes()},
          {"max_reply_bytes", limits.max_reply_bytes()},
          {"max_batch_tokens", limits.max_batch_tokens()},
          {"max_request_text_bytes", limits.max_request_text_bytes()},
          {"max_top_k", limits.max_top_k()},
          {"max_chunked_reply_bytes", limits.max_chunked_reply_bytes()}};
}

nlohmann::ordered_json KernelJson(const v1::Kernel& kernel) {
  return {{"isa", kernel.isa()},
          {"linear_implementation", kernel.linear_implementation()},
          {"output_head_implementation", kernel.output_head_implementation()},
          {"vector_target", kernel.vector_target()},
          {"onednn_version", kernel.onednn_version()},
          {"thread_count", kernel.thread_count()},
          {"worker_count", kernel.worker_count()}};
}

}  // namespace

std::string ModelTable(const v1::GetModelResponse& model) {
  const v1::ModelConfig& config = model.config();
  const v1::ModelLimits& limits = model.limits();
  const v1::Kernel& kernel = model.kernel();
  TextTable table({{""}, {""}});
  table.AddRow({"model", model.name()});
  table.AddRow({"parameters", absl::StrCat(WithSeparators(model.parameter_count()), " in ", config.layer_count(),
                                           " layers, ", v1::DataType_Name(model.data_type()))});
  table.AddRow({"vocabulary", WithSeparators(config.vocabulary_size())});
  table.AddRow({"text", model.tokenizer_token_count() == 0
                            ? "refused, the model has no tokenizer"
                            : absl::StrCat("becomes tokens of ", WithSeparators(model.tokenizer_token_count()))});
  table.AddRow({"context", absl::StrCat(WithSeparators(config.context_length()), " tokens")});
  table.AddRow({"channels", absl::StrCat(config.embedding_length(), " in ", config.head_count(),
                                         " heads, feed-forward ", config.feed_forward_length())});
  table.AddRow(
      {"activation", absl::StrCat(config.activation_function(), ", layer norm epsilon ", config.layer_norm_epsilon())});
  table.AddRow({"output head", config.tied_output_head() ? "tied to the token embedding" : "its own weights"});
  table.AddRow({"weights", absl::StrCat("sha256 ", model.weights_sha256())});
  table.AddRow({"version", model.model_version()});
  table.AddRow({"limits of a call", absl::StrCat(WithSeparators(limits.max_request_inputs()), " inputs, ",
                                                 WithSeparators(limits.max_request_tokens()), " tokens, ",
                                                 WithSeparators(limits.max_input_tokens()), " tokens an input")});
  table.AddRow({"limits in bytes", absl::StrCat("request ", WithSeparators(limits.max_request_bytes()), ", reply ",
                                                WithSeparators(limits.max_reply_bytes()), ", reply in chunks ",
                                                WithSeparators(limits.max_chunked_reply_bytes()), ", text ",
                                                WithSeparators(limits.max_request_text_bytes()))});
  table.AddRow({"largest batch", absl::StrCat(WithSeparators(limits.max_batch_tokens()), " tokens")});
  table.AddRow(
      {"computed by",
       absl::StrCat(kernel.linear_implementation(), ", output head ", kernel.output_head_implementation(), ", on ",
                    Count(kernel.thread_count(), "thread"), " of ", Count(kernel.worker_count(), "worker"))});
  table.AddRow({"libraries", absl::StrCat("oneDNN ", kernel.onednn_version(), " for ", kernel.isa(), ", Highway for ",
                                          kernel.vector_target())});
  table.AddRow({"server", absl::StrCat("attnd ", model.server_version())});
  return table.ToString();
}

std::string ModelJson(const v1::GetModelResponse& model) {
  const nlohmann::ordered_json json = {{"name", model.name()},
                                       {"config", ConfigJson(model.config())},
                                       {"parameter_count", model.parameter_count()},
                                       {"data_type", v1::DataType_Name(model.data_type())},
                                       {"limits", LimitsJson(model.limits())},
                                       {"weights_sha256", model.weights_sha256()},
                                       {"model_version", model.model_version()},
                                       {"kernel", KernelJson(model.kernel())},
                                       {"tokenizer_token_count", model.tokenizer_token_count()},
                                       {"server_version", model.server_version()}};
  return JsonLine(json);
}

}  // namespace attnd::client
