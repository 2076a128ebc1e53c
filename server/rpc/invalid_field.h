// Errors about one field of a message, which carry the field as data beside the text.

#ifndef SERVER_RPC_INVALID_FIELD_H_
#define SERVER_RPC_INVALID_FIELD_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace attnd {

// INVALID_ARGUMENT with the text "`field` `what`". `field` is a path in the message, such as "inputs[2].token_ids";
// `what` goes on from it, such as "has 0 tokens, must have 1 to 1024". Threads: any.
absl::Status InvalidField(absl::string_view field, absl::string_view what);

// The same for a text that does not begin with the field's path.
absl::Status InvalidFieldWithText(absl::string_view field, absl::string_view text);

// The field of such an error; nothing for any other status.
std::optional<std::string> FieldOf(const absl::Status& status);

}  // namespace attnd

#endif  // SERVER_RPC_INVALID_FIELD_H_
