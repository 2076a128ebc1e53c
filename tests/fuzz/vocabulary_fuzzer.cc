// vocab.json of anybody, merges.txt and a text, with a zero byte between them.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "engine/text/tokenizer_json.h"
#include "tests/fuzz/round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  std::vector<absl::string_view> pieces = absl::StrSplit(input, absl::MaxSplits('\0', 2));
  pieces.resize(3);
  const auto definition = attnd::ParseVocabularyAndMerges(pieces[0], "vocab.json", pieces[1], "merges.txt");
  if (definition.ok()) attnd::CheckRoundTrip(*definition, pieces[2]);
  return 0;
}
