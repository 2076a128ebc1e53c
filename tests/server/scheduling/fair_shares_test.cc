#include "server/scheduling/fair_shares.h"

#include "gtest/gtest.h"

namespace attnd {
namespace {

TEST(FairSharesTest, ALeadIsWhatACallerWasServedBeyondTheOthersThatWait) {
  FairShares shares;
  FairShares::Account& first = shares.Enter("first");
  FairShares::Account& second = shares.Enter("second");
  EXPECT_NE(first.number, second.number);
  FairShares::Charge(first, 30);
  FairShares::Charge(second, 10);
  shares.Advance();
  EXPECT_EQ(shares.Lead(first), 20);
  EXPECT_EQ(shares.Lead(second), 0);
}

TEST(FairSharesTest, WhoAskedForNothingHasNotSavedUpAClaim) {
  FairShares shares;
  FairShares::Account& busy = shares.Enter("busy");
  FairShares::Charge(busy, 1000);
  shares.Advance();
  FairShares::Account& late = shares.Enter("late");
  EXPECT_EQ(shares.Lead(late), 0);
  EXPECT_EQ(shares.Lead(busy), 0);
}

TEST(FairSharesTest, LeavingAndComingBackDoesNotClearALead) {
  FairShares shares;
  shares.Enter("other");
  FairShares::Account& greedy = shares.Enter("greedy");
  FairShares::Charge(greedy, 50);
  shares.Leave(greedy);
  shares.Advance();
  EXPECT_EQ(shares.Lead(shares.Enter("greedy")), 50);
}

TEST(FairSharesTest, ALeadIsForgottenOnceTheOthersHaveCaughtUp) {
  FairShares shares;
  FairShares::Account& other = shares.Enter("other");
  FairShares::Account& greedy = shares.Enter("greedy");
  const int64_t number = greedy.number;
  FairShares::Charge(greedy, 50);
  shares.Leave(greedy);
  FairShares::Charge(other, 50);
  shares.Advance();
  const FairShares::Account& anew = shares.Enter("greedy");
  EXPECT_NE(anew.number, number);
  EXPECT_EQ(shares.Lead(anew), 0);
}

TEST(FairSharesTest, AllStartAnewWhenNobodyWaited) {
  FairShares shares;
  FairShares::Account& greedy = shares.Enter("greedy");
  FairShares::Charge(greedy, 50);
  shares.Leave(greedy);
  EXPECT_EQ(shares.Lead(shares.Enter("greedy")), 0);
}

}  // namespace
}  // namespace attnd
