#include "engine/checkpoint/json.h"

#include <cstddef>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace attnd {
namespace {

constexpr int kMaxDepth = 16;
// Of what an error quotes; the parser itself would quote the whole text.
constexpr size_t kMaxQuoteBytes = 200;

// Watches the parser for what nlohmann::json would let pass.
class Guard {
 public:
  // The first objection, or empty.
  const std::string& objection() const { return objection_; }

  // nlohmann::json::parser_callback_t. Once there is an objection everything else is thrown away.
  bool operator()(int depth, nlohmann::json::parse_event_t event, const nlohmann::json& value) {
    using Event = nlohmann::json::parse_event_t;
    if (!objection_.empty()) return false;
    if (depth > kMaxDepth) {
      objection_ = absl::StrCat("nested deeper than ", kMaxDepth);
    } else if (event == Event::object_start) {
      keys_.emplace_back();
    } else if (event == Event::object_end) {
      keys_.pop_back();
    } else if (event == Event::key && !keys_.back().insert(value.get<std::string>()).second) {
      objection_ = absl::StrCat("key ", Quote(value), " appears twice");
    }
    return objection_.empty();
  }

 private:
  std::vector<absl::flat_hash_set<std::string>> keys_;  // of the objects being read, outermost first
  std::string objection_;
};

absl::Status NotJson(absl::string_view what, absl::string_view reason) {
  return absl::DataLossError(absl::StrCat(what, ": not a JSON object: ", reason.substr(0, kMaxQuoteBytes)));
}

}  // namespace

absl::StatusOr<nlohmann::json> ParseJsonObject(absl::string_view text, absl::string_view what) {
  Guard guard;
  nlohmann::json value;
  try {
    value = nlohmann::json::parse(text.begin(), text.end(), std::ref(guard));
  } catch (const std::exception& exception) {
    return NotJson(what, guard.objection().empty() ? exception.what() : guard.objection());
  }
  if (!guard.objection().empty()) return NotJson(what, guard.objection());
  if (!value.is_object()) return NotJson(what, absl::StrCat("it is of type ", value.type_name()));
  return value;
}

std::string Quote(const nlohmann::json& value) {
  return value.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace).substr(0, kMaxQuoteBytes);
}

}  // namespace attnd
