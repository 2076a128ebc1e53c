#include "tests/fuzz/round_trip.h"

#include <cstdint>

#include "absl/log/check.h"

namespace attnd {

void CheckRoundTrip(const TokenizerDefinition& definition, absl::string_view text) {
  const auto tokenizer = Tokenizer::Create(definition);
  if (!tokenizer.ok()) return;
  const auto encoding = tokenizer->EncodeBytes(text);
  CHECK_OK(encoding.status());
  CHECK_EQ(encoding->ids.size(), encoding->ranges.size());
  CHECK_EQ(static_cast<int64_t>(encoding->ids.size()), encoding->token_count);
  uint32_t end = 0;
  for (const ByteRange& range : encoding->ranges) {
    CHECK_EQ(range.begin, end);
    CHECK_GE(range.end, range.begin);
    end = range.end;
  }
  CHECK_EQ(end, text.size());
  const auto decoded = tokenizer->Decode(encoding->ids);
  CHECK_OK(decoded.status());
  if (!definition.add_prefix_space) CHECK_EQ(*decoded, text);
}

}  // namespace attnd
