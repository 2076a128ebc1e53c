#include "server/security/api_keys.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kZeros(64, '0');
const std::string kOnes(64, '1');

// An entry of its own, and what follows.
std::string Line(const std::string& rest) { return absl::StrCat("id=a sha256=", kZeros, " ", rest); }

std::string Refusal(const std::string& text) {
  const absl::Status status = ParseApiKeys(text, "/keys").status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_LT(status.message().size(), 300);
  return std::string(status.message());
}

TEST(ParseApiKeysTest, ReadsEveryField) {
  const auto keys = ParseApiKeys(absl::StrCat("# who  what\n\n  id=a.b-c_1 sha256=", kZeros,
                                              "\tmethods=Embed,GetModel tokens_per_second=25 burst_tokens=7\r\nid=ops "
                                              "methods=*,ReloadModel sha256=",
                                              kOnes),
                                 "/keys");
  ASSERT_TRUE(keys.ok()) << keys.status();
  ASSERT_EQ(keys->size(), 2);
  EXPECT_EQ((*keys)[0].id, "a.b-c_1");
  EXPECT_EQ((*keys)[0].allowed.to_string(), "0000110");
  EXPECT_EQ((*keys)[0].tokens_per_second, 25);
  EXPECT_EQ((*keys)[0].burst_tokens, 7);
  EXPECT_EQ((*keys)[1].allowed.to_string(), "1111111");
  EXPECT_EQ((*keys)[1].sha256[31], 0x11);
  EXPECT_EQ((*keys)[1].tokens_per_second, 0);
}

TEST(ParseApiKeysTest, AStarAllowsEverythingButReloads) {
  EXPECT_EQ(ParseApiKeys(Line("methods=*"), "/keys")->front().allowed.to_string(), "0111111");
}

TEST(ParseApiKeysTest, NamesTheLineOfWhatIsWrong) {
  EXPECT_EQ(Refusal(absl::StrCat("# comment\n", Line("methods=*"), "\nid=b")), "/keys:3: sha256 is missing");
}

TEST(ParseApiKeysTest, RefusesWhatIsNoEntry) {
  EXPECT_EQ(Refusal(""), "/keys: holds no key");
  EXPECT_EQ(Refusal("# nothing but this"), "/keys: holds no key");
  EXPECT_THAT(Refusal("{\"keys\": []}"), StartsWith("/keys:1: word 1 is no NAME=VALUE of a name among id, sha256,"));
  EXPECT_THAT(Refusal(Line("methods=*  colour=red")), HasSubstr("word 4 is no NAME=VALUE"));
  EXPECT_THAT(Refusal(Line("methods")), HasSubstr("word 3 is no NAME=VALUE"));
  EXPECT_THAT(Refusal(Line("methods=* id=b")), HasSubstr("id appears twice"));
  EXPECT_THAT(Refusal(Line("")), HasSubstr("methods is missing"));
  EXPECT_THAT(Refusal(Line("methods=Embed,")), HasSubstr("no method ''"));
  EXPECT_THAT(
      Refusal(Line("methods=embed")),
      HasSubstr("no method 'embed'; there are: *, Forward, Embed, GetModel, Tokenize, ModelInfer, ModelMetadata, "
                "ReloadModel"));
}

TEST(ParseApiKeysTest, RefusesIdsThatNoLogWouldLike) {
  const std::string nul(1, '\0');
  for (const auto& [id, quoted] : {std::pair<std::string, std::string>{"", "id=''"},
                                   {std::string(41, 'a'), "id=(41 bytes)"},
                                   {absl::StrCat("a", nul), "id='a\\x00'"},
                                   {"\xff", "id='\\xff'"},
                                   {"a:b", "id='a:b'"}}) {
    EXPECT_THAT(Refusal(absl::StrCat("id=", id, " methods=* sha256=", kZeros)),
                AllOf(HasSubstr(quoted), HasSubstr("must be 1 to 40 letters")));
  }
}

TEST(ParseApiKeysTest, RefusesHashesThatAreNone) {
  for (const std::string& hash : {std::string(64, 'g'), std::string(63, '0'), std::string(65, '0'), std::string()}) {
    EXPECT_THAT(Refusal(absl::StrCat("id=a methods=* sha256=", hash)), HasSubstr("must be 64 hex digits"));
  }
}

TEST(ParseApiKeysTest, AKeyInTheWrongPlaceIsNotRepeated) {
  const std::string key = "attnd_GaTOdZ1cc1VjEQXGXbOQKLN3m5nBDNwkRUXyVVvBSFQ";
  for (const std::string& text :
       {key, absl::StrCat(key, "="), absl::StrCat("id=", key, " methods=* sha256=", kZeros),
        absl::StrCat("id=a methods=* sha256=", key), Line(absl::StrCat("methods=", key)),
        Line(absl::StrCat("methods=* tokens_per_second=", key)), Line(absl::StrCat("methods=* ", key))}) {
    EXPECT_THAT(Refusal(text), Not(HasSubstr(key.substr(0, 12))));
  }
}

TEST(ParseApiKeysTest, RefusesTheSameIdOrKeyTwice) {
  EXPECT_EQ(Refusal(absl::StrCat(Line("methods=*"), "\nid=a methods=* sha256=", kOnes)), "/keys:2: id a appears twice");
  EXPECT_EQ(Refusal(absl::StrCat(Line("methods=*"), "\nid=b methods=* sha256=", kZeros)),
            "/keys:2: the key of b appears twice");
}

TEST(ParseApiKeysTest, RefusesRatesThatAreNone) {
  for (const char* rate : {"-1", "0", "1.5", "nan", "1073741825", "99999999999999999999", ""}) {
    EXPECT_THAT(Refusal(Line(absl::StrCat("methods=* burst_tokens=1 tokens_per_second=", rate))),
                HasSubstr(absl::StrCat("tokens_per_second='", rate, "', must be in [1, 1073741824]")));
    EXPECT_THAT(Refusal(Line(absl::StrCat("methods=* tokens_per_second=1 burst_tokens=", rate))),
                HasSubstr(absl::StrCat("burst_tokens='", rate, "', must be in [1, 1073741824]")));
  }
  EXPECT_THAT(Refusal(Line("methods=* tokens_per_second=1")), HasSubstr("need each other"));
  EXPECT_THAT(Refusal(Line("methods=* burst_tokens=1")), HasSubstr("need each other"));
}

TEST(ParseApiKeysTest, HoldsAThousandKeysAndNoMore) {
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    absl::StrAppend(&text, "id=k", i, " methods=* sha256=", absl::Dec(i, absl::kZeroPad16), kZeros.substr(16), "\n");
  }
  EXPECT_EQ(ParseApiKeys(text, "/keys")->size(), 1000);
  absl::StrAppend(&text, "id=x methods=* sha256=", kOnes);
  EXPECT_EQ(Refusal(text), "/keys:1001: more than 1000 keys");
}

TEST(DigestOfTest, IsTheSha256OfTheKey) {
  const Sha256Digest digest = DigestOf("abc");
  EXPECT_EQ(absl::BytesToHexString({reinterpret_cast<const char*>(digest.data()), digest.size()}),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace attnd
