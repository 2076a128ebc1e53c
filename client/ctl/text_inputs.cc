#include "client/ctl/text_inputs.h"

#include <cstddef>
#include <iostream>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "client/ctl/arguments.h"
#include "client/read_file.h"
#include "engine/text/utf8.h"

namespace attnd::client {
namespace {

absl::StatusOr<std::string> ReadText(const std::string& path) {
  if (path != "-") return ReadFile(path);
  return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
}

absl::Status AddText(absl::string_view text, absl::string_view source, bool is_bytes, std::vector<v1::Input>& inputs) {
  absl::StatusOr<v1::Input> input = MakeTextInput(text, source, is_bytes);
  if (!input.ok()) return input.status();
  inputs.push_back(*std::move(input));
  return absl::OkStatus();
}

absl::Status AddLines(const std::string& path, bool is_bytes, std::vector<v1::Input>& inputs) {
  const absl::StatusOr<std::string> text = ReadText(path);
  if (!text.ok()) return text.status();
  std::vector<absl::string_view> lines = absl::StrSplit(*text, '\n');
  // What follows the last line feed is a line only if there is something.
  if (lines.back().empty()) lines.pop_back();
  for (size_t i = 0; i < lines.size(); ++i) {
    absl::Status status = AddText(lines[i], absl::StrCat("line ", i + 1, " of ", path), is_bytes, inputs);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Input> MakeTextInput(absl::string_view text, absl::string_view source, bool is_bytes) {
  v1::Input input;
  if (is_bytes) {
    input.set_text_bytes(std::string(text));
    return input;
  }
  if (const size_t valid = ValidUtf8Length(text); valid < text.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is not UTF-8 from byte %d (0x%02x) on; --bytes takes any bytes", source, valid,
                        static_cast<unsigned char>(text[valid])));
  }
  input.set_text(std::string(text));
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
