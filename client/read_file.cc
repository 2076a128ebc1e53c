#include "client/read_file.h"

#include <cstddef>
#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace attnd::client {

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes;
  char piece[1 << 16];
  while (file.read(piece, sizeof(piece)) || file.gcount() > 0) {
    bytes.append(piece, static_cast<size_t>(file.gcount()));
  }
  if (!file.is_open() || file.bad()) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  return bytes;
}

}  // namespace attnd::client
