// Tokenises lines for tests in Python: each line of standard input is a JSON string, or {"bytes": "00ff..."}; each of
// standard output is the list of its tokens, [id, begin, end].

#include <cstdio>
#include <iostream>
#include <string>

#include "absl/strings/escaping.h"
#include "engine/text/tokenizer_files.h"
#include "nlohmann/json.hpp"

namespace {

using Json = nlohmann::json;

absl::StatusOr<attnd::Encoding> Encode(const attnd::Tokenizer& tokenizer, const Json& line) {
  if (line.is_string()) return tokenizer.EncodeText(line.get<std::string>());
  std::string bytes;
  if (!absl::HexStringToBytes(line["bytes"].get<std::string>(), &bytes)) {
    return absl::InvalidArgumentError("bytes that are not hexadecimal");
  }
  return tokenizer.EncodeBytes(bytes);
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "tokenize_lines: %s\n", status.ToString().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto tokenizer = attnd::LoadTokenizer(argc > 1 ? argv[1] : ".");
  if (!tokenizer.ok()) return Fail(tokenizer.status());
  for (std::string line; std::getline(std::cin, line);) {
    const auto encoding = Encode(*tokenizer, Json::parse(line));
    if (!encoding.ok()) return Fail(encoding.status());
    Json tokens = Json::array();
    for (size_t i = 0; i < encoding->ids.size(); ++i) {
      tokens.push_back({encoding->ids[i], encoding->ranges[i].begin, encoding->ranges[i].end});
    }
    std::cout << tokens << '\n';
  }
  return 0;
}
