#include "server/scheduling/served_model.h"

#include <cstddef>

#include "absl/strings/str_cat.h"

namespace attnd {

int ServedModel::thread_count() const {
  int count = 0;
  for (const auto& engine : engines) count += engine->info().thread_count;
  return count;
}

std::string ModelVersion(const std::string& weights_sha256, int64_t load_count) {
  constexpr size_t kDigits = 12;
  return absl::StrCat(weights_sha256.substr(0, kDigits), "-", load_count);
}

}  // namespace attnd
