// Values of command lines that go by names.

#ifndef CLIENT_CHOICE_H_
#define CLIENT_CHOICE_H_

#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace attnd::client {

template <typename Value>
using Choice = std::pair<absl::string_view, Value>;

// The value that goes by the name `text`. `kind` says what is being chosen. Errors: INVALID_ARGUMENT naming all names.
template <typename Value>
absl::StatusOr<Value> Choose(absl::string_view kind, absl::string_view text, absl::Span<const Choice<Value>> choices) {
  const auto found = absl::c_find_if(choices, [text](const Choice<Value>& choice) { return choice.first == text; });
  if (found != choices.end()) return found->second;
  const std::string names = absl::StrJoin(
      choices, ", ", [](std::string* out, const Choice<Value>& choice) { absl::StrAppend(out, choice.first); });
  return absl::InvalidArgumentError(absl::StrCat("no ", kind, " '", text, "'; there are: ", names));
}

}  // namespace attnd::client

#endif  // CLIENT_CHOICE_H_
