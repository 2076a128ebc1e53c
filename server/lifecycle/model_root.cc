#include "server/lifecycle/model_root.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/status/status.h"

namespace attnd {
namespace {

bool IsBelow(const std::filesystem::path& path, const std::filesystem::path& root) {
  return std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first == root.end();
}

}  // namespace

absl::StatusOr<std::string> ResolveBelow(const std::string& root, const std::string& path) {
  if (root.empty()) {
    return absl::PermissionDeniedError(
        "model_path is set, and this server was started without --model_root: only its own --model can be reloaded");
  }
  std::error_code error;
  const std::filesystem::path resolved_root = std::filesystem::canonical(root, error);
  // What does not exist is left as it is named; loading it will fail.
  std::filesystem::path resolved;
  if (!error) resolved = std::filesystem::weakly_canonical(resolved_root / path, error);
  if (error || !IsBelow(resolved, resolved_root)) {
    return absl::PermissionDeniedError("model_path leads to no folder below --model_root");
  }
  return resolved.string();
}

}  // namespace attnd
