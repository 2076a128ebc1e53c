#include "server/security/small_file.h"

#include <cstddef>
#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace attnd {
namespace {

constexpr size_t kMaxBytes = size_t{1} << 20;

}  // namespace

absl::StatusOr<std::string> ReadSmallFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(kMaxBytes + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.is_open() || file.bad()) return absl::InvalidArgumentError("cannot be read");
  bytes.resize(static_cast<size_t>(file.gcount()));
  if (bytes.size() <= kMaxBytes) return bytes;
  return absl::InvalidArgumentError(absl::StrCat("has more than ", kMaxBytes, " bytes"));
}

}  // namespace attnd
