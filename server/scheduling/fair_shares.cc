#include "server/scheduling/fair_shares.h"

#include <algorithm>
#include <limits>

namespace attnd {

FairShares::Account& FairShares::Enter(absl::string_view caller) {
  // Nobody waited, so nobody was kept from anything: everybody starts anew.
  if (waiting_callers_ == 0) accounts_.clear();
  auto [entry, is_new] = accounts_.try_emplace(caller);
  Account& account = entry->second;
  if (is_new) account.number = next_number_++;
  if (account.waiting_requests++ == 0) {
    ++waiting_callers_;
    account.served_tokens = std::max(account.served_tokens, virtual_time_);
  }
  return account;
}

void FairShares::Leave(Account& account) {
  if (--account.waiting_requests == 0) --waiting_callers_;
}

void FairShares::Advance() {
  if (waiting_callers_ == 0) return accounts_.clear();
  int64_t lowest = std::numeric_limits<int64_t>::max();
  for (const auto& [caller, account] : accounts_) {
    if (account.waiting_requests > 0) lowest = std::min(lowest, account.served_tokens);
  }
  virtual_time_ = lowest;
  absl::erase_if(accounts_, [&](const auto& entry) {
    return entry.second.waiting_requests == 0 && entry.second.served_tokens <= virtual_time_;
  });
}

}  // namespace attnd
