#include "engine/files/npy_header.h"

#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace attnd {
namespace {

constexpr size_t kVersionBytes = 2;
constexpr size_t kMaxHeaderBytes = 10'000;
// NumPy has no array of more dimensions.
constexpr size_t kMaxRank = 64;
constexpr size_t kShownBytes = 40;
// Of the length of a header, in versions 2.0 and 3.0.
constexpr size_t kMaxLengthBytes = 4;

static_assert(size_t{kMaxNpyHeaderBytes} == kNpyMagic.size() + kVersionBytes + kMaxLengthBytes + kMaxHeaderBytes);

absl::Status Corrupt(absl::string_view reason) {
  return absl::DataLossError(absl::StrCat("is no .npy file: ", reason));
}

// Takes the dict of a header apart, from the front.
class DictReader {
 public:
  explicit DictReader(absl::string_view text) : rest_(text) {}

  absl::StatusOr<NpyHeaderFields> Read() {
    NpyHeaderFields fields;
    std::set<std::string> keys;
    if (!Take("{")) return Unexpected("{");
    while (!Take("}")) {
      std::string key;
      if (!TakeString(key)) return Unexpected("a key");
      if (!keys.insert(key).second) return Corrupt(absl::StrCat("key '", absl::CHexEscape(key), "' appears twice"));
      if (!Take(":")) return Unexpected(":");
      if (absl::Status status = ReadValue(key, fields); !status.ok()) return status;
      if (!Take(",") && !Before('}')) return Unexpected(", or }");
    }
    SkipSpace();
    if (!rest_.empty()) return Unexpected("the end of the header");
    for (const char* const key : {"descr", "fortran_order", "shape"}) {
      if (!keys.contains(key)) return Corrupt(absl::StrCat("the header has no ", key));
    }
    return fields;
  }

 private:
  absl::Status ReadValue(absl::string_view key, NpyHeaderFields& fields) {
    if (key == "descr") return TakeString(fields.descr) ? absl::OkStatus() : Unexpected("descr as a string");
    if (key == "shape") return TakeShape(fields.shape) ? absl::OkStatus() : Unexpected("shape as a tuple of sizes");
    if (key != "fortran_order") return Corrupt(absl::StrCat("there is no key '", absl::CHexEscape(key), "'"));
    fields.fortran_order = Take("True");
    return fields.fortran_order || Take("False") ? absl::OkStatus() : Unexpected("fortran_order as True or False");
  }

  void SkipSpace() { rest_ = absl::StripLeadingAsciiWhitespace(rest_); }

  bool Take(absl::string_view token) {
    SkipSpace();
    return absl::ConsumePrefix(&rest_, token);
  }

  bool Before(char c) {
    SkipSpace();
    return !rest_.empty() && rest_.front() == c;
  }

  // A string in quotes of either kind, without escapes.
  bool TakeString(std::string& text) {
    SkipSpace();
    if (rest_.empty() || (rest_.front() != '\'' && rest_.front() != '"')) return false;
    const size_t end = rest_.find(rest_.front(), 1);
    if (end == absl::string_view::npos) return false;
    text = std::string(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return true;
  }

  // "()", "(3,)", "(3, 4)".
  bool TakeShape(std::vector<int64_t>& shape) {
    if (!Take("(")) return false;
    while (!Take(")")) {
      if (shape.size() == kMaxRank || !TakeSize(shape.emplace_back())) return false;
      if (!Take(",") && !Before(')')) return false;
    }
    return true;
  }

  bool TakeSize(int64_t& size) {
    SkipSpace();
    size_t digits = 0;
    while (digits < rest_.size() && absl::ascii_isdigit(static_cast<unsigned char>(rest_[digits]))) ++digits;
    const bool fits = absl::SimpleAtoi(rest_.substr(0, digits), &size);
    rest_.remove_prefix(digits);
    return fits;
  }

  absl::Status Unexpected(absl::string_view expected) const {
    return Corrupt(absl::StrCat("its header must have ", expected, " before '",
                                absl::CHexEscape(rest_.substr(0, kShownBytes)), "'"));
  }

  absl::string_view rest_;
};

// A number of so many bytes, the lowest first. Requires them to be there.
size_t LittleEndian(absl::string_view bytes) {
  size_t number = 0;
  for (size_t i = bytes.size(); i > 0; --i) number = number << 8 | static_cast<unsigned char>(bytes[i - 1]);
  return number;
}

}  // namespace

absl::StatusOr<NpyHeaderFields> ParseNpyHeader(absl::string_view file) {
  absl::string_view rest = file;
  if (!absl::ConsumePrefix(&rest, kNpyMagic) || rest.size() < kVersionBytes) return Corrupt("it does not begin as one");
  const int major = static_cast<unsigned char>(rest[0]);
  const int minor = static_cast<unsigned char>(rest[1]);
  if (major < 1 || major > 3 || minor != 0) {
    return Corrupt(absl::StrCat("version ", major, ".", minor, ", must be 1.0, 2.0 or 3.0"));
  }
  rest.remove_prefix(kVersionBytes);
  const size_t length_bytes = major == 1 ? 2 : kMaxLengthBytes;
  if (rest.size() < length_bytes) return Corrupt("it ends within the header");
  const size_t length = LittleEndian(rest.substr(0, length_bytes));
  rest.remove_prefix(length_bytes);
  if (length > kMaxHeaderBytes) {
    return Corrupt(absl::StrCat("its header has ", length, " bytes, must have at most ", kMaxHeaderBytes));
  }
  if (rest.size() < length) return Corrupt("it ends within the header");
  auto fields = DictReader(rest.substr(0, length)).Read();
  if (fields.ok()) fields->data_begin = file.size() - rest.size() + length;
  return fields;
}

}  // namespace attnd
