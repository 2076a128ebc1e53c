#include "server/rpc/invalid_field.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace attnd {
namespace {

constexpr char kPayload[] = "attnd/field";

}  // namespace

absl::Status InvalidField(absl::string_view field, absl::string_view what) {
  return InvalidFieldWithText(field, absl::StrCat(field, " ", what));
}

absl::Status InvalidFieldWithText(absl::string_view field, absl::string_view text) {
  absl::Status status = absl::InvalidArgumentError(text);
  status.SetPayload(kPayload, absl::Cord(field));
  return status;
}

std::optional<std::string> FieldOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayload);
  if (!payload) return std::nullopt;
  return std::string(*payload);
}

}  // namespace attnd
