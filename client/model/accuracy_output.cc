#include "client/model/accuracy_output.h"

#include "absl/strings/str_format.h"
#include "client/json_line.h"
#include "client/text_table.h"
#include "nlohmann/json.hpp"

namespace attnd::client {

std::string AccuracyTable(const std::vector<TypeAccuracy>& types) {
  TextTable table({{"type"},
                   {"least cosine", Align::kRight},
                   {"hidden error", Align::kRight},
                   {"top-1", Align::kRight},
                   {"top-5", Align::kRight},
                   {"KL, nats", Align::kRight}});
  for (const auto& [type, accuracy] : types) {
    table.AddRow({std::string(DataTypeName(type)), absl::StrFormat("%.6f", accuracy.least_cosine),
                  absl::StrFormat("%.2e", accuracy.hidden_error), absl::StrFormat("%.3f", accuracy.top_1),
                  absl::StrFormat("%.3f", accuracy.top_5), absl::StrFormat("%.2e", accuracy.kl_divergence)});
  }
  return table.ToString();
}

std::string AccuracyJson(const std::vector<TypeAccuracy>& types) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [type, accuracy] : types) {
    json[std::string(DataTypeName(type))] = {{"least_cosine", accuracy.least_cosine},
                                             {"hidden_error", accuracy.hidden_error},
                                             {"top_1", accuracy.top_1},
                                             {"top_5", accuracy.top_5},
                                             {"kl_divergence", accuracy.kl_divergence}};
  }
  return JsonLine(json);
}

}  // namespace attnd::client
