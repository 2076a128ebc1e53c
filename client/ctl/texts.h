// Texts of files and of standard input, as attndctl takes them.

#ifndef CLIENT_CTL_TEXTS_H_
#define CLIENT_CTL_TEXTS_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace attnd::client {

// Everything in a file, or in standard input for "-". Errors: NOT_FOUND when it cannot be read.
absl::StatusOr<std::string> ReadText(const std::string& path);

// Whether `text` can be sent: any bytes where `is_bytes`, else UTF-8. Errors: INVALID_ARGUMENT about the first byte
// that is not UTF-8; `source` says where the text came from.
absl::Status CheckText(absl::string_view text, absl::string_view source, bool is_bytes);

// Lines of text that end with a line feed each, all in memory. What follows the last one is a line only if there is
// something.
class TextLines {
 public:
  // Those of a file, or of standard input for "-". Errors: those of ReadText and CheckText, of each line.
  static absl::StatusOr<TextLines> Read(const std::string& path, bool is_bytes);

  size_t size() const { return places_.size(); }
  bool empty() const { return places_.empty(); }

  // Without its line feed. Requires an index below size().
  absl::string_view operator[](size_t index) const {
    return absl::string_view(text_).substr(places_[index].first, places_[index].second);
  }

  // "lines.txt", or "standard input".
  const std::string& source() const { return source_; }

  // "line 3 of lines.txt" for index 2.
  std::string Name(size_t index) const;

 private:
  TextLines(std::string source, std::string text);

  std::string source_;
  std::string text_;
  std::vector<std::pair<size_t, size_t>> places_;  // of each line: first byte, length
};

}  // namespace attnd::client

#endif  // CLIENT_CTL_TEXTS_H_
