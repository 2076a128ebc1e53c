#include "client/model/inspection_output.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "client/json_line.h"
#include "client/text_table.h"
#include "nlohmann/json.hpp"

namespace attnd::client {
namespace {

using Json = nlohmann::ordered_json;

std::string Separated(int64_t number) { return WithSeparators(static_cast<uint64_t>(number)); }

std::string Shape(const std::vector<int64_t>& shape) { return absl::StrCat("[", absl::StrJoin(shape, ", "), "]"); }

std::string ConfigTable(const ModelConfig& config, absl::string_view sha256) {
  TextTable table({{""}, {""}});
  table.AddRow({"layers", absl::StrCat(config.layer_count)});
  table.AddRow({"channels", absl::StrCat(config.embedding_length, " in ", config.head_count, " heads, feed-forward ",
                                         config.feed_forward_length)});
  table.AddRow({"vocabulary", Separated(config.vocabulary_size)});
  table.AddRow({"context", absl::StrCat(Separated(config.context_length), " tokens")});
  table.AddRow({"activation", absl::StrCat(std::string(ActivationName(config.activation)), ", layer norm epsilon ",
                                           config.layer_norm_epsilon)});
  table.AddRow(
      {"attention", absl::StrCat(config.scale_attention ? "divided by the root of a head's channels" : "not scaled",
                                 config.scale_attention_by_layer ? ", and by the layer's number" : "")});
  table.AddRow({"output head", config.tied_output_head ? "tied to the token embedding" : "its own weights"});
  table.AddRow({"weights", absl::StrCat("sha256 ", sha256)});
  return table.ToString();
}

std::string PartsTable(const Inspection& inspection) {
  TextTable table({{"part"}, {"parameters", Align::kRight}, {"share", Align::kRight}});
  const auto add = [&](const std::string& part, int64_t count) {
    const double share = static_cast<double>(count) / static_cast<double>(inspection.parameter_count);
    table.AddRow({absl::StrReplaceAll(part, {{"_", " "}}), Separated(count), absl::StrFormat("%.1f %%", 100 * share)});
  };
  for (const auto& [part, count] : inspection.parts) add(part, count);
  add("all", inspection.parameter_count);
  return table.ToString();
}

std::string SizesTable(const Inspection& inspection) {
  TextTable table({{"type"}, {"bytes in a file", Align::kRight}, {"bytes in a server", Align::kRight}});
  const auto bytes_of = [](const std::vector<TypeSize>& sizes, absl::string_view type) -> std::string {
    const auto found = absl::c_find_if(sizes, [&](const TypeSize& size) { return size.type == type; });
    return found == sizes.end() ? "-" : Separated(found->byte_count);
  };
  for (const char* type : {"f32", "bf16", "f16", "int8"}) {
    table.AddRow({type, bytes_of(inspection.files, type), bytes_of(inspection.memory, type)});
  }
  return table.ToString();
}

// Tensors of one name but for the layer's number, one type and one shape.
struct TensorGroup {
  std::string name;  // with * for the number
  const TensorSummary* first = nullptr;
  int64_t count = 0;
};

std::vector<TensorGroup> GroupTensors(const std::vector<TensorSummary>& tensors) {
  std::vector<TensorGroup> groups;
  for (const TensorSummary& tensor : tensors) {
    std::vector<std::string> pieces = absl::StrSplit(tensor.name, '.');
    for (std::string& piece : pieces) {
      if (!piece.empty() && absl::c_all_of(piece, absl::ascii_isdigit)) piece = "*";
    }
    const std::string name = absl::StrJoin(pieces, ".");
    const auto found = absl::c_find_if(groups, [&](const TensorGroup& group) {
      return group.name == name && group.first->dtype == tensor.dtype && group.first->shape == tensor.shape;
    });
    if (found != groups.end()) {
      ++found->count;
    } else {
      groups.push_back({.name = name, .first = &tensor, .count = 1});
    }
  }
  return groups;
}

std::string TensorsTable(const Inspection& inspection) {
  TextTable table({{"tensor"}, {"type"}, {"shape"}, {"number", Align::kRight}, {""}});
  for (const TensorGroup& group : GroupTensors(inspection.tensors)) {
    table.AddRow({group.count == 1 ? group.first->name : group.name, group.first->dtype, Shape(group.first->shape),
                  absl::StrCat(group.count), group.first->is_used ? "" : "ignored"});
  }
  return table.ToString();
}

Json ConfigJson(const ModelConfig& config) {
  return {{"vocabulary_size", config.vocabulary_size},
          {"context_length", config.context_length},
          {"embedding_length", config.embedding_length},
          {"head_count", config.head_count},
          {"layer_count", config.layer_count},
          {"feed_forward_length", config.feed_forward_length},
          {"layer_norm_epsilon", config.layer_norm_epsilon},
          {"activation_function", std::string(ActivationName(config.activation))},
          {"scale_attention", config.scale_attention},
          {"scale_attention_by_layer", config.scale_attention_by_layer},
          {"tied_output_head", config.tied_output_head}};
}

Json SizesJson(const std::vector<TypeSize>& sizes) {
  Json json = Json::object();
  for (const auto& [type, byte_count] : sizes) json[type] = byte_count;
  return json;
}

}  // namespace

std::string InspectionTable(const Inspection& inspection, absl::string_view sha256) {
  return absl::StrJoin({ConfigTable(inspection.config, sha256), PartsTable(inspection), SizesTable(inspection),
                        TensorsTable(inspection)},
                       "\n");
}

std::string InspectionJson(const Inspection& inspection, absl::string_view sha256) {
  Json parts = Json::object();
  for (const auto& [part, count] : inspection.parts) parts[part] = count;
  Json tensors = Json::array();
  for (const TensorSummary& tensor : inspection.tensors) {
    tensors.push_back({{"name", tensor.name},
                       {"dtype", tensor.dtype},
                       {"shape", tensor.shape},
                       {"file", tensor.file},
                       {"used", tensor.is_used}});
  }
  const Json json = {{"config", ConfigJson(inspection.config)},
                     {"parameter_count", inspection.parameter_count},
                     {"parameters", parts},
                     {"file_bytes", SizesJson(inspection.files)},
                     {"server_bytes", SizesJson(inspection.memory)},
                     {"weights_sha256", std::string(sha256)},
                     {"tensors", tensors}};
  return JsonLine(json);
}

}  // namespace attnd::client
