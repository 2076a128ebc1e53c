#include "client/ctl/texts.h"

#include <iostream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/read_file.h"
#include "engine/text/utf8.h"

namespace attnd::client {

absl::StatusOr<std::string> ReadText(const std::string& path) {
  if (path != "-") return ReadFile(path);
  return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
}

absl::Status CheckText(absl::string_view text, absl::string_view source, bool is_bytes) {
  const size_t valid = is_bytes ? text.size() : ValidUtf8Length(text);
  if (valid == text.size()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat("%s is not UTF-8 from byte %d (0x%02x) on; --bytes takes any bytes",
                                                    source, valid, static_cast<unsigned char>(text[valid])));
}

absl::StatusOr<TextLines> TextLines::Read(const std::string& path, bool is_bytes) {
  absl::StatusOr<std::string> text = ReadText(path);
  if (!text.ok()) return text.status();
  TextLines lines(path == "-" ? "standard input" : path, *std::move(text));
  for (size_t i = 0; i < lines.size(); ++i) {
    if (absl::Status status = CheckText(lines[i], lines.Name(i), is_bytes); !status.ok()) return status;
  }
  return lines;
}

TextLines::TextLines(std::string source, std::string text) : source_(std::move(source)), text_(std::move(text)) {
  for (size_t begin = 0; begin < text_.size();) {
    const size_t feed = text_.find('\n', begin);
    const size_t end = feed == std::string::npos ? text_.size() : feed;
    places_.emplace_back(begin, end - begin);
    begin = end + 1;
  }
}

std::string TextLines::Name(size_t index) const { return absl::StrCat("line ", index + 1, " of ", source_); }

}  // namespace attnd::client
