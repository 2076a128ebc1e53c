// tokenizer.json of anybody, up to the first zero byte, and a text after it.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "engine/text/tokenizer_json.h"
#include "tests/fuzz/round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\0'), size);
  const auto definition = attnd::ParseTokenizerJson(input.substr(0, end), "tokenizer.json");
  if (definition.ok()) attnd::CheckRoundTrip(*definition, input.substr(std::min(end + 1, size)));
  return 0;
}
