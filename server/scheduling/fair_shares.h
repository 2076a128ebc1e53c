// How many tokens each caller has been served, for fair shares among those that wait.
//
// Start-time fair queuing (P. Goyal, H. M. Vin, H. Cheng, "Start-time Fair Queuing: A Scheduling Algorithm for
// Integrated Services Packet Switching Networks", SIGCOMM 1996) with all weights equal, tokens as the cost, and one
// counter a caller in place of a tag a request, as in Y. Sheng et al., "Fairness in Serving Large Language Models",
// OSDI 2024: a caller's counter grows by the tokens taken from it into batches; the virtual time is the lowest counter
// among the callers that wait; and a caller that begins to wait starts at the virtual time, if its counter is behind
// that: who asked for nothing has not saved up a claim. A caller's lead, its counter less the virtual time, is what the
// policy puts it behind the others for.

#ifndef SERVER_SCHEDULING_FAIR_SHARES_H_
#define SERVER_SCHEDULING_FAIR_SHARES_H_

#include <cstdint>
#include <string>

#include "absl/container/node_hash_map.h"
#include "absl/strings/string_view.h"

namespace attnd {

// Threads: one at a time.
class FairShares {
 public:
  // Of one caller. Lives while a request of it waits, and until the virtual time has caught up with it.
  struct Account {
    int64_t number = 0;  // a different one for each caller
    int64_t served_tokens = 0;
    int64_t waiting_requests = 0;
  };

  // A request of `caller` begins to wait.
  Account& Enter(absl::string_view caller);
  // It waits no longer.
  void Leave(Account& account);
  // Some of its tokens were taken into a batch.
  static void Charge(Account& account, int64_t tokens) { account.served_tokens += tokens; }

  // To be called between batches: moves the virtual time on, and forgets whom it has caught up with.
  void Advance();

  int64_t Lead(const Account& account) const { return account.served_tokens - virtual_time_; }

 private:
  absl::node_hash_map<std::string, Account> accounts_;
  int64_t waiting_callers_ = 0;
  int64_t virtual_time_ = 0;
  int64_t next_number_ = 0;
};

}  // namespace attnd

#endif  // SERVER_SCHEDULING_FAIR_SHARES_H_
