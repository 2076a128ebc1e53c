#include "tests/bench/server/report.h"

#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/text_table.h"
#include "nlohmann/json.hpp"

namespace attnd {
namespace {

std::string FormatValue(double value) {
  return value >= 100 ? absl::StrFormat("%.0f", value) : absl::StrFormat("%.3g", value);
}

std::string FormatWanted(const Figure& figure) {
  if (figure.at_most) return absl::StrCat("<= ", FormatValue(*figure.at_most));
  if (figure.at_least) return absl::StrCat(">= ", FormatValue(*figure.at_least));
  return "";
}

}  // namespace

std::string FiguresTable(const std::vector<Figure>& figures) {
  client::TextTable table({{""}, {"measured", client::Align::kRight}, {""}, {"wanted", client::Align::kRight}});
  for (const Figure& figure : figures) {
    table.AddRow({figure.name, FormatValue(figure.value), figure.unit, FormatWanted(figure)});
  }
  return table.ToString();
}

absl::Status WriteFigures(const std::vector<Figure>& figures, const std::string& path) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Figure& figure : figures) {
    nlohmann::ordered_json object = {{"name", figure.name}, {"value", figure.value}, {"unit", figure.unit}};
    if (figure.at_most) object["at_most"] = *figure.at_most;
    if (figure.at_least) object["at_least"] = *figure.at_least;
    list.push_back(std::move(object));
  }
  std::ofstream file(path);
  file << list.dump(2) << '\n';
  file.close();
  return file ? absl::OkStatus() : absl::UnavailableError(absl::StrCat("cannot write ", path));
}

}  // namespace attnd
