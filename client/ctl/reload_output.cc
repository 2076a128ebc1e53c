#include "client/ctl/reload_output.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/json_line.h"
#include "client/text_table.h"
#include "nlohmann/json.hpp"

namespace attnd::client {

std::string ReloadTable(const v1::ReloadModelResponse& response) {
  TextTable table({{""}, {""}});
  table.AddRow({"version", response.model_version()});
  table.AddRow({"in place of", response.previous_model_version()});
  table.AddRow({"weights", absl::StrCat("sha256 ", response.weights_sha256())});
  table.AddRow({"took", absl::StrFormat("%.1f s to load, %.1f s to warm up", response.load_seconds(),
                                        response.warm_up_seconds())});
  return table.ToString();
}

std::string ReloadJson(const v1::ReloadModelResponse& response) {
  const nlohmann::ordered_json json = {{"model_version", response.model_version()},
                                       {"weights_sha256", response.weights_sha256()},
                                       {"previous_model_version", response.previous_model_version()},
                                       {"load_seconds", response.load_seconds()},
                                       {"warm_up_seconds", response.warm_up_seconds()}};
  return JsonLine(json);
}

}  // namespace attnd::client
