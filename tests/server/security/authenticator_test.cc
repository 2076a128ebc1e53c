#include "server/security/authenticator.h"

#include <atomic>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/scheduling/retry_hint.h"
#include "tests/server/scheduling/fakes.h"

namespace attnd {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kKey = "attnd_one";
const std::string kOtherKey = "attnd_two";

std::string Line(const std::string& id, const std::string& key, const std::string& rest) {
  const Sha256Digest digest = DigestOf(key);
  return absl::StrCat("id=", id,
                      " sha256=", absl::BytesToHexString({reinterpret_cast<const char*>(digest.data()), digest.size()}),
                      " ", rest, "\n");
}

class AuthenticatorTest : public testing::Test {
 protected:
  void Write(const std::string& text) { std::ofstream(path_) << text; }

  std::unique_ptr<Authenticator> Create(const std::string& text) {
    Write(text);
    auto authenticator = Authenticator::Create(path_, clock_);
    EXPECT_TRUE(authenticator.ok()) << authenticator.status();
    return *std::move(authenticator);
  }

  absl::StatusCode CodeOf(const Authenticator& authenticator, const std::string& authorization,
                          Permission permission = Permission::kEmbed) {
    const absl::Status status = authenticator.Authenticate(authorization, permission).status();
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("attnd_")));
    return status.code();
  }

  Caller CallerOf(const Authenticator& authenticator, Permission permission = Permission::kEmbed) {
    const auto caller = authenticator.Authenticate(absl::StrCat("Bearer ", kKey), permission);
    EXPECT_TRUE(caller.ok()) << caller.status();
    return *caller;
  }

  const std::string path_ =
      testing::TempDir() + "authenticator_test_keys_" + testing::UnitTest::GetInstance()->current_test_info()->name();
  FakeClock clock_;
};

TEST_F(AuthenticatorTest, ACallerIsKnownByTheIdOfTheirKey) {
  const auto authenticator = Create(Line("a", kKey, "methods=*") + Line("b", kOtherKey, "methods=Embed"));
  EXPECT_EQ(authenticator->key_count(), 2);
  EXPECT_EQ(authenticator->Authenticate("Bearer " + kKey, Permission::kForward)->key_id, "a");
  EXPECT_EQ(authenticator->Authenticate("bEARER " + kOtherKey, Permission::kEmbed)->key_id, "b");
}

TEST_F(AuthenticatorTest, WithoutAKnownKeyNobodyIsLetIn) {
  const auto authenticator = Create(Line("a", kKey, "methods=*"));
  for (const std::string& authorization :
       std::vector<std::string>{"", kKey, "Bearer", "Bearer ", "Bearer " + kKey + " ", "Bearer  " + kKey,
                                "Basic " + kKey, "Bearer " + kOtherKey, "Bearer " + kKey.substr(1), "Bearer a",
                                std::string("Bearer \0\xff", 9), "Bearer " + std::string(100'000, 'x')}) {
    EXPECT_EQ(CodeOf(*authenticator, authorization), absl::StatusCode::kUnauthenticated) << authorization.size();
  }
}

TEST_F(AuthenticatorTest, AMethodThatTheKeyDoesNotAllowIsDenied) {
  const auto authenticator = Create(Line("a", kKey, "methods=Embed"));
  EXPECT_EQ(CodeOf(*authenticator, "Bearer " + kKey, Permission::kEmbed), absl::StatusCode::kOk);
  for (const Permission permission : {Permission::kForward, Permission::kGetModel, Permission::kReloadModel}) {
    EXPECT_EQ(CodeOf(*authenticator, "Bearer " + kKey, permission), absl::StatusCode::kPermissionDenied);
  }
}

TEST_F(AuthenticatorTest, BeyondTheRateTheWaitIsExactAndRefundsCount) {
  const auto authenticator = Create(Line("a", kKey, "methods=* tokens_per_second=3 burst_tokens=100"));
  const Caller caller = CallerOf(*authenticator);
  EXPECT_TRUE(authenticator->Charge(caller, 100).ok());
  authenticator->Refund(caller, 40);
  EXPECT_TRUE(authenticator->Charge(caller, 40).ok());
  const absl::Status status = authenticator->Charge(caller, 10);
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(status.message(),
            "the key of a allows 3 tokens a second, and this call's 10 are not there yet; call again in 3.334s");
  ASSERT_TRUE(RetryDelay(status).has_value());
  clock_.Advance(*RetryDelay(status) - absl::Nanoseconds(1));
  EXPECT_FALSE(authenticator->Charge(caller, 10).ok());
  clock_.Advance(absl::Nanoseconds(1));
  EXPECT_TRUE(authenticator->Charge(caller, 10).ok());
}

TEST_F(AuthenticatorTest, MoreThanTheBurstIsToldToBeSmaller) {
  const auto authenticator = Create(Line("a", kKey, "methods=* tokens_per_second=3 burst_tokens=100"));
  const absl::Status status = authenticator->Charge(CallerOf(*authenticator), 101);
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_EQ(
      status.message(),
      "the call has 101 tokens, and the key of a allows at most 100 (burst_tokens) at once; send inputs in several "
      "calls");
  EXPECT_TRUE(authenticator->Charge(CallerOf(*authenticator), 100).ok());
}

TEST_F(AuthenticatorTest, KeysHaveRatesOfTheirOwnOrNone) {
  const std::string rate = "methods=* tokens_per_second=1 burst_tokens=10";
  const auto authenticator =
      Create(Line("a", kKey, rate) + Line("b", kOtherKey, rate) + Line("c", "third", "methods=*"));
  const Caller a = CallerOf(*authenticator);
  const Caller b = *authenticator->Authenticate("Bearer " + kOtherKey, Permission::kEmbed);
  const Caller c = *authenticator->Authenticate("Bearer third", Permission::kEmbed);
  EXPECT_TRUE(authenticator->Charge(a, 10).ok());
  EXPECT_FALSE(authenticator->Charge(a, 10).ok());
  EXPECT_TRUE(authenticator->Charge(b, 10).ok());
  EXPECT_TRUE(authenticator->Charge(c, 1'000'000'000).ok());
}

TEST_F(AuthenticatorTest, ANewFileCountsForCallersKnownBefore) {
  const auto authenticator = Create(Line("a", kKey, "methods=Embed"));
  const Caller caller = CallerOf(*authenticator);
  Write(Line("a", kKey, "methods=Forward"));
  EXPECT_TRUE(*authenticator->Reload());
  EXPECT_TRUE(absl::IsPermissionDenied(authenticator->Charge(caller, 1)));
  Write(Line("b", kOtherKey, "methods=Embed"));
  EXPECT_TRUE(*authenticator->Reload());
  EXPECT_TRUE(absl::IsUnauthenticated(authenticator->Charge(caller, 1)));
  EXPECT_EQ(CodeOf(*authenticator, "Bearer " + kOtherKey), absl::StatusCode::kOk);
}

TEST_F(AuthenticatorTest, ANewFileDoesNotRefillARateThatIsTheSame) {
  const auto authenticator = Create(Line("a", kKey, "methods=* tokens_per_second=1 burst_tokens=10"));
  EXPECT_TRUE(authenticator->Charge(CallerOf(*authenticator), 10).ok());
  Write(Line("renamed", kKey, "methods=Embed tokens_per_second=1 burst_tokens=10"));
  EXPECT_TRUE(*authenticator->Reload());
  EXPECT_FALSE(authenticator->Charge(CallerOf(*authenticator), 10).ok());
  Write(Line("renamed", kKey, "methods=Embed tokens_per_second=2 burst_tokens=10"));
  EXPECT_TRUE(*authenticator->Reload());
  EXPECT_TRUE(authenticator->Charge(CallerOf(*authenticator), 10).ok());
}

TEST_F(AuthenticatorTest, TheSameFileAgainIsNoChange) {
  const std::string text = Line("a", kKey, "methods=* tokens_per_second=1 burst_tokens=10");
  const auto authenticator = Create(text);
  EXPECT_FALSE(*authenticator->Reload());
  Write("# a comment\n" + text);
  EXPECT_FALSE(*authenticator->Reload());
}

TEST_F(AuthenticatorTest, ABadNewFileChangesNothingAndIsNamed) {
  const auto authenticator = Create(Line("a", kKey, "methods=Embed"));
  Write(Line("b", kOtherKey, "methods=Embed") + "id=c");
  EXPECT_THAT(std::string(authenticator->Reload().status().message()), StartsWith(path_ + ":2: sha256 is missing"));
  Write(std::string((1 << 20) + 1, '#'));
  EXPECT_EQ(authenticator->Reload().status().message(), path_ + ": has more than 1048576 bytes");
  std::remove(path_.c_str());
  EXPECT_EQ(authenticator->Reload().status().message(), path_ + ": cannot be read");
  EXPECT_EQ(CodeOf(*authenticator, "Bearer " + kKey), absl::StatusCode::kOk);
  EXPECT_EQ(CodeOf(*authenticator, "Bearer " + kOtherKey), absl::StatusCode::kUnauthenticated);
}

TEST_F(AuthenticatorTest, ThreadsTogetherTakeTheBurstOnceWhileTheFileIsReadAgain) {
  const auto authenticator = Create(Line("a", kKey, "methods=* tokens_per_second=1 burst_tokens=1000"));
  const Caller caller = CallerOf(*authenticator);
  std::atomic<int> accepted = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int call = 0; call < 500; ++call) accepted += authenticator->Charge(caller, 1).ok() ? 1 : 0;
    });
  }
  for (int i = 0; i < 50; ++i) {
    Write(Line(absl::StrCat("renamed", i), kKey, "methods=* tokens_per_second=1 burst_tokens=1000"));
    EXPECT_TRUE(*authenticator->Reload());
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(accepted, 1000);
}

TEST_F(AuthenticatorTest, WithoutAGoodFileThereIsNone) {
  EXPECT_EQ(Authenticator::Create("/no/such/file", clock_).status().message(), "/no/such/file: cannot be read");
  EXPECT_EQ(Authenticator::Create(testing::TempDir(), clock_).status().message(),
            testing::TempDir() + ": cannot be read");
}

}  // namespace
}  // namespace attnd
