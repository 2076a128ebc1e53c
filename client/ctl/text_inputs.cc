#include "client/ctl/text_inputs.h"

#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/ctl/arguments.h"
#include "client/ctl/texts.h"

namespace attnd::client {
namespace {

absl::Status AddText(absl::string_view text, absl::string_view source, bool is_bytes, std::vector<v1::Input>& inputs) {
  if (absl::Status status = CheckText(text, source, is_bytes); !status.ok()) return status;
  inputs.push_back(TextInput(text, is_bytes));
  return absl::OkStatus();
}

absl::Status AddLines(const std::string& path, bool is_bytes, std::vector<v1::Input>& inputs) {
  const absl::StatusOr<TextLines> lines = TextLines::Read(path, is_bytes);
  if (!lines.ok()) return lines.status();
  for (size_t i = 0; i < lines->size(); ++i) inputs.push_back(TextInput((*lines)[i], is_bytes));
  return absl::OkStatus();
}

}  // namespace

v1::Input TextInput(absl::string_view text, bool is_bytes) {
  v1::Input input;
  if (is_bytes) {
    input.set_text_bytes(std::string(text));
  } else {
    input.set_text(std::string(text));
  }
  return input;
}

absl::StatusOr<std::vector<v1::Input>> CollectInputs(absl::Span<const std::string> arguments,
                                                     const InputSources& sources) {
  std::vector<v1::Input> inputs;
  if (!sources.is_text) {
    absl::StatusOr<std::vector<v1::Input>> ids = ParseInputs(arguments);
    if (!ids.ok()) return ids.status();
    inputs = *std::move(ids);
  } else {
    for (size_t i = 0; i < arguments.size(); ++i) {
      absl::Status status = AddText(arguments[i], absl::StrCat("text ", i + 1), sources.is_bytes, inputs);
      if (!status.ok()) return status;
    }
  }
  if (!sources.text_file.empty()) {
    const absl::StatusOr<std::string> text = ReadText(sources.text_file);
    if (!text.ok()) return text.status();
    if (absl::Status status = AddText(*text, sources.text_file, sources.is_bytes, inputs); !status.ok()) return status;
  }
  if (!sources.text_lines.empty()) {
    if (absl::Status status = AddLines(sources.text_lines, sources.is_bytes, inputs); !status.ok()) return status;
  }
  return inputs;
}

const std::string& InputText(const v1::Input& input) { return input.has_text() ? input.text() : input.text_bytes(); }

v1::TokenizeRequest TokenizeRequestFor(const v1::Input& input) {
  v1::TokenizeRequest request;
  if (input.has_text()) request.set_text(input.text());
  if (input.has_text_bytes()) request.set_text_bytes(input.text_bytes());
  return request;
}

}  // namespace attnd::client
