// config.json of anybody: what is accepted is valid, and stays what it is when it is written and read again.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/log/check.h"
#include "absl/strings/string_view.h"
#include "engine/checkpoint/float_format.h"
#include "engine/checkpoint/gpt2_config.h"
#include "engine/checkpoint/gpt2_writer.h"
#include "engine/model/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = attnd::ParseGpt2Config(text);
  if (!config.ok()) return 0;
  CHECK_OK(attnd::ValidateConfig(*config));
  constexpr auto kFormat = attnd::FloatFormat::kFloat16;
  const std::string written = attnd::Gpt2ConfigText(*config, kFormat);
  const auto reread = attnd::ParseGpt2Config(written);
  CHECK_OK(reread.status());
  CHECK_EQ(attnd::Gpt2ConfigText(*reread, kFormat), written);
  const auto changed = attnd::ChangedGpt2ConfigText(text, /*layer_count=*/7, kFormat);
  CHECK_OK(changed.status());
  CHECK_EQ(attnd::ParseGpt2Config(*changed)->layer_count, 7);
  return 0;
}
