// Aligned columns for a terminal.

#ifndef CLIENT_TEXT_TABLE_H_
#define CLIENT_TEXT_TABLE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace attnd::client {

enum class Align { kLeft, kRight };

struct Column {
  std::string title;
  Align align = Align::kLeft;
};

// Collects rows, then prints them under their titles, every column as wide as its widest cell.
class TextTable {
 public:
  // A table whose titles are all empty prints no line of titles.
  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // Requires one cell a column.
  void AddRow(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  std::string ToString() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// "152,791,296".
std::string WithSeparators(uint64_t number);

// "12.34 ms".
std::string FormatMilliseconds(absl::Duration duration);

}  // namespace attnd::client

#endif  // CLIENT_TEXT_TABLE_H_
