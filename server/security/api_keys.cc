#include "server/security/api_keys.h"

#include <openssl/evp.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace attnd {
namespace {

constexpr const char* kPermissionNames[kPermissionCount] = {"Forward",    "Embed",         "GetModel",   "Tokenize",
                                                            "ModelInfer", "ModelMetadata", "ReloadModel"};
constexpr absl::string_view kFieldNames[] = {"id", "sha256", "methods", "tokens_per_second", "burst_tokens"};
// A call compares with all of them.
constexpr size_t kMaxKeys = 1000;
constexpr size_t kMaxIdBytes = 40;
constexpr int64_t kMaxTokens = int64_t{1} << 30;
// Of a value that is wrong; longer ones may be keys.
constexpr size_t kMaxQuotedBytes = 24;

using Fields = absl::flat_hash_map<absl::string_view, absl::string_view>;

absl::Status Wrong(absl::string_view what) { return absl::InvalidArgumentError(what); }

std::string Quote(absl::string_view text) {
  if (text.size() > kMaxQuotedBytes) return absl::StrCat("(", text.size(), " bytes)");
  return absl::StrCat("'", absl::CHexEscape(text), "'");
}

// Words that are no field are not repeated: one may be a key.
absl::StatusOr<Fields> ParseFields(absl::string_view line) {
  Fields fields;
  int number = 0;
  for (const absl::string_view word : absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty())) {
    ++number;
    const std::pair<absl::string_view, absl::string_view> field = absl::StrSplit(word, absl::MaxSplits('=', 1));
    if (!absl::c_linear_search(kFieldNames, field.first) || field.first.size() == word.size()) {
      return Wrong(
          absl::StrCat("word ", number, " is no NAME=VALUE of a name among ", absl::StrJoin(kFieldNames, ", ")));
    }
    if (!fields.insert(field).second) return Wrong(absl::StrCat(field.first, " appears twice"));
  }
  for (const char* name : {"id", "sha256", "methods"}) {
    if (!fields.contains(name)) return Wrong(absl::StrCat(name, " is missing"));
  }
  return fields;
}

absl::Status CheckId(absl::string_view id) {
  const bool valid = !id.empty() && id.size() <= kMaxIdBytes && absl::c_all_of(id, [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
  if (valid) return absl::OkStatus();
  return Wrong(absl::StrCat("id=", Quote(id), ", must be 1 to ", kMaxIdBytes, " letters, digits, '.', '_', '-'"));
}

absl::Status ParseDigest(absl::string_view hex, Sha256Digest& digest) {
  std::string bytes;
  if (hex.size() != 2 * digest.size() || !absl::HexStringToBytes(hex, &bytes)) {
    return Wrong(absl::StrCat("sha256 has ", hex.size(), " bytes, must be ", 2 * digest.size(), " hex digits"));
  }
  absl::c_copy(bytes, digest.begin());
  return absl::OkStatus();
}

absl::Status ParseMethods(absl::string_view list, std::bitset<kPermissionCount>& allowed) {
  for (const absl::string_view name : absl::StrSplit(list, ',')) {
    if (name == "*") {
      const bool reloads = allowed.test(static_cast<size_t>(Permission::kReloadModel));
      allowed.set();
      allowed.set(static_cast<size_t>(Permission::kReloadModel), reloads);
      continue;
    }
    const auto* const found = absl::c_find(kPermissionNames, name);
    if (found == std::end(kPermissionNames)) {
      return Wrong(absl::StrCat("no method ", Quote(name), "; there are: *, ", absl::StrJoin(kPermissionNames, ", ")));
    }
    allowed.set(static_cast<size_t>(found - std::begin(kPermissionNames)));
  }
  return absl::OkStatus();
}

// Leaves `value` alone where there is no such field.
absl::Status ParseTokens(const Fields& fields, absl::string_view name, int64_t& value) {
  const auto field = fields.find(name);
  if (field == fields.end()) return absl::OkStatus();
  if (absl::SimpleAtoi(field->second, &value) && value >= 1 && value <= kMaxTokens) return absl::OkStatus();
  return Wrong(absl::StrCat(name, "=", Quote(field->second), ", must be in [1, ", kMaxTokens, "]"));
}

absl::Status ParseRate(const Fields& fields, ApiKey& key) {
  absl::Status status = ParseTokens(fields, "tokens_per_second", key.tokens_per_second);
  status.Update(ParseTokens(fields, "burst_tokens", key.burst_tokens));
  if (status.ok() && (key.tokens_per_second > 0) != (key.burst_tokens > 0)) {
    return Wrong("tokens_per_second and burst_tokens need each other");
  }
  return status;
}

absl::StatusOr<ApiKey> ParseLine(absl::string_view line) {
  const absl::StatusOr<Fields> fields = ParseFields(line);
  if (!fields.ok()) return fields.status();
  ApiKey key;
  key.id = std::string(fields->at("id"));
  absl::Status status = CheckId(key.id);
  status.Update(ParseDigest(fields->at("sha256"), key.sha256));
  status.Update(ParseMethods(fields->at("methods"), key.allowed));
  status.Update(ParseRate(*fields, key));
  if (!status.ok()) return status;
  return key;
}

}  // namespace

const char* PermissionName(Permission permission) { return kPermissionNames[static_cast<size_t>(permission)]; }

absl::StatusOr<std::vector<ApiKey>> ParseApiKeys(absl::string_view text, absl::string_view path) {
  std::vector<ApiKey> keys;
  absl::flat_hash_set<std::string> ids;
  absl::flat_hash_set<Sha256Digest> digests;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::string place = absl::StrCat(path, ":", ++number, ": ");
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line.front() == '#') continue;
    if (keys.size() == kMaxKeys) return Wrong(absl::StrCat(place, "more than ", kMaxKeys, " keys"));
    absl::StatusOr<ApiKey> key = ParseLine(line);
    if (!key.ok()) return Wrong(absl::StrCat(place, key.status().message()));
    if (!ids.insert(key->id).second) return Wrong(absl::StrCat(place, "id ", key->id, " appears twice"));
    if (!digests.insert(key->sha256).second)
      return Wrong(absl::StrCat(place, "the key of ", key->id, " appears twice"));
    keys.push_back(*std::move(key));
  }
  if (keys.empty()) return Wrong(absl::StrCat(path, ": holds no key"));
  return keys;
}

Sha256Digest DigestOf(absl::string_view key) {
  Sha256Digest digest;
  CHECK_EQ(EVP_Digest(key.data(), key.size(), digest.data(), nullptr, EVP_sha256(), nullptr), 1);
  return digest;
}

}  // namespace attnd
