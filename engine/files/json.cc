#include "engine/files/json.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace attnd {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxDepth = 16;
// Of what an error quotes; the parser itself would quote the whole text.
constexpr size_t kMaxQuoteBytes = 200;

// Reads a text without keeping it and objects to what nlohmann::json::parse would let pass.
class Guard final : public nlohmann::json_sax<Json> {
 public:
  explicit Guard(int64_t max_values) : max_values_(max_values) {}

  // Why reading ended early, or empty.
  const std::string& objection() const { return objection_; }

  bool null() override { return CountValue(); }
  bool boolean(bool /*value*/) override { return CountValue(); }
  bool number_integer(number_integer_t /*value*/) override { return CountValue(); }
  bool number_unsigned(number_unsigned_t /*value*/) override { return CountValue(); }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return CountValue(); }
  bool string(string_t& /*value*/) override { return CountValue(); }
  bool binary(binary_t& /*value*/) override { return CountValue(); }

  bool start_object(size_t /*size*/) override { return Enter(); }
  bool end_object() override { return Leave(); }
  bool start_array(size_t /*size*/) override { return Enter(); }
  bool end_array() override { return Leave(); }

  bool key(string_t& name) override {
    if (keys_.back().insert(name).second) return true;
    return Object(absl::StrCat("key ", Quote(name), " appears twice"));
  }

  bool parse_error(size_t /*place*/, const std::string& /*token*/, const nlohmann::detail::exception& error) override {
    return Object(absl::string_view(error.what()).substr(0, kMaxQuoteBytes));
  }

 private:
  bool Object(absl::string_view objection) {
    objection_ = std::string(objection);
    return false;
  }

  bool CountValue() {
    if (++value_count_ <= max_values_) return true;
    return Object(absl::StrCat("has more than ", max_values_, " values"));
  }

  bool Enter() {
    if (keys_.size() == kMaxDepth) return Object(absl::StrCat("nested deeper than ", kMaxDepth));
    keys_.emplace_back();
    return CountValue();
  }

  bool Leave() {
    keys_.pop_back();
    return true;
  }

  const int64_t max_values_;
  // Of the objects and arrays being read, outermost first; an array has none.
  std::vector<absl::flat_hash_set<std::string>> keys_;
  int64_t value_count_ = 0;
  std::string objection_;
};

absl::Status NotJson(absl::string_view what, absl::string_view reason) {
  return absl::DataLossError(absl::StrCat(what, ": not a JSON object: ", reason));
}

}  // namespace

absl::StatusOr<Json> ParseJsonObject(absl::string_view text, absl::string_view what, int64_t max_values) {
  Guard guard(max_values);
  if (!Json::sax_parse(text.begin(), text.end(), &guard)) return NotJson(what, guard.objection());
  Json value = Json::parse(text.begin(), text.end(), /*cb=*/nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) return NotJson(what, absl::StrCat("it is of type ", value.type_name()));
  return value;
}

std::string Quote(const nlohmann::json& value) {
  return value.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace).substr(0, kMaxQuoteBytes);
}

}  // namespace attnd
