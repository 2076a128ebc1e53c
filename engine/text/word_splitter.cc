#include "engine/text/word_splitter.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace attnd {
namespace {

// The last repetition of an alternative never gives anything back, so it may be possessive.
#define SPACE R"(\p{Z}\x09-\x0d\x{85})"
constexpr char kPattern[] = R"('(?:[stmd]|re|ve|ll)| ?\p{L}++| ?\p{N}++)"
                            R"(| ?[^\p{L}\p{N})" SPACE R"(]++)"
                            R"(|[)" SPACE R"(]+(?![^)" SPACE R"(])|[)" SPACE R"(]++)";
#undef SPACE

absl::Status Failed(absl::string_view what, int code) {
  constexpr size_t kMaxTextBytes = 256;
  std::string text(kMaxTextBytes, '\0');
  pcre2_get_error_message(code, reinterpret_cast<PCRE2_UCHAR*>(text.data()), text.size());
  return absl::InternalError(absl::StrCat("PCRE2 cannot ", what, ": ", text.c_str()));
}

struct FreeMatchData {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

}  // namespace

void WordSplitter::Free::operator()(pcre2_real_code_8* code) const { pcre2_code_free(code); }

absl::StatusOr<WordSplitter> WordSplitter::Create(Jit jit) {
  int error = 0;
  size_t place = 0;
  // Anchored: every character begins a word, so that the next one begins where the last one ended.
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(kPattern), PCRE2_ZERO_TERMINATED,
                                   PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED, &error, &place, nullptr);
  if (code == nullptr) return Failed("compile the pattern of words", error);
  // Where this fails, pcre2_match interprets the pattern.
  if (jit == Jit::kOn) pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  return WordSplitter(code);
}

absl::Status WordSplitter::Split(absl::string_view text, absl::FunctionRef<void(absl::string_view)> take) const {
  const std::unique_ptr<pcre2_match_data, FreeMatchData> data(
      pcre2_match_data_create_from_pattern(code_.get(), nullptr));
  if (data == nullptr) return Failed("split text", PCRE2_ERROR_NOMEMORY);
  const size_t* bounds = pcre2_get_ovector_pointer(data.get());
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  for (size_t begin = 0; begin < text.size(); begin = bounds[1]) {
    const int result = pcre2_match(code_.get(), subject, text.size(), begin, PCRE2_NO_UTF_CHECK, data.get(), nullptr);
    if (result < 0) return Failed("split text", result);
    take(text.substr(begin, bounds[1] - begin));
  }
  return absl::OkStatus();
}

}  // namespace attnd
