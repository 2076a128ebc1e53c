#include "server/rpc/layer_name.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace attnd {

std::optional<int64_t> ParseLayerName(absl::string_view name, int64_t layer_count) {
  if (name.empty() || name == "ln_f") return layer_count + 1;
  if (name == "embeddings") return 0;
  absl::string_view digits = name;
  int64_t index = 0;
  if (!absl::ConsumePrefix(&digits, "h.") || !absl::SimpleAtoi(digits, &index)) return std::nullopt;
  // One spelling a layer: no sign, no leading zero, no space.
  if (index < 0 || index >= layer_count || absl::StrCat(index) != digits) return std::nullopt;
  return index + 1;
}

std::string LayerName(int64_t place, int64_t layer_count) {
  if (place == 0) return "embeddings";
  if (place > layer_count) return "ln_f";
  return absl::StrCat("h.", place - 1);
}

}  // namespace attnd
