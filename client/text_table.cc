#include "client/text_table.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace attnd::client {

std::string TextTable::ToString() const {
  std::vector<std::string> titles;
  std::vector<size_t> widths;
  bool titled = false;
  for (const Column& column : columns_) {
    titles.push_back(column.title);
    widths.push_back(column.title.size());
    titled = titled || !column.title.empty();
  }
  for (const std::vector<std::string>& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }

  std::string text;
  const auto append = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::string padding(widths[i] - cells[i].size(), ' ');
      absl::StrAppend(&line, i == 0 ? "" : "  ", columns_[i].align == Align::kRight ? padding : "", cells[i],
                      columns_[i].align == Align::kLeft ? padding : "");
    }
    absl::StrAppend(&text, absl::StripTrailingAsciiWhitespace(line), "\n");
  };
  if (titled) append(titles);
  for (const std::vector<std::string>& row : rows_) append(row);
  return text;
}

std::string WithSeparators(uint64_t number) {
  std::string digits = absl::StrCat(number);
  for (int end = static_cast<int>(digits.size()) - 3; end > 0; end -= 3) digits.insert(static_cast<size_t>(end), ",");
  return digits;
}

std::string FormatMilliseconds(absl::Duration duration) {
  return absl::StrFormat("%.2f ms", absl::ToDoubleMilliseconds(duration));
}

}  // namespace attnd::client
