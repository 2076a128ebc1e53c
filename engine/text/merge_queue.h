// The merges of a word that are still to be made, the most urgent first.

#ifndef ENGINE_TEXT_MERGE_QUEUE_H_
#define ENGINE_TEXT_MERGE_QUEUE_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace attnd {

// Places by rank. A rank pushed is larger than the last one taken: what a merge makes possible was learnt after it. So
// it is a radix heap, divided no further than ranks: a key moves a few times in all, always in sequence, where a binary
// heap of a long word would miss the cache at every step. Source: Ahuja, Mehlhorn, Orlin and Tarjan, Faster algorithms
// for the shortest path problem, 1990.
//
// Threads: none. Keeps its memory between uses.
class MergeQueue {
 public:
  void Push(uint32_t rank, uint32_t place) { Push((uint64_t{rank} << 32U) | place); }

  // Takes out the keys rank << 32 | place of the lowest rank, in ascending order. False when there are none; the queue
  // is then as new.
  bool PopRank(std::vector<uint64_t>& keys) {
    while (occupied_ != 0) {
      const auto lowest = static_cast<size_t>(std::countr_zero(occupied_));
      occupied_ &= occupied_ - 1;
      std::vector<uint64_t>& bucket = buckets_[lowest];
      const auto [least, largest] = std::minmax_element(bucket.begin(), bucket.end());
      last_rank_ = RankOf(*least);
      if (RankOf(*largest) == last_rank_) {
        keys.clear();
        keys.swap(bucket);
        if (!std::is_sorted(keys.begin(), keys.end())) std::sort(keys.begin(), keys.end());
        return true;
      }
      // Every key goes to a lower bucket.
      for (const uint64_t key : bucket) Push(key);
      bucket.clear();
    }
    last_rank_ = 0;
    return false;
  }

 private:
  static uint32_t RankOf(uint64_t key) { return static_cast<uint32_t>(key >> 32U); }

  // Bucket b > 0 holds ranks whose highest bit that differs from last_rank_ is bit b - 1; bucket 0 holds that rank.
  void Push(uint64_t key) {
    const auto bucket = static_cast<size_t>(std::bit_width(RankOf(key) ^ last_rank_));
    buckets_[bucket].push_back(key);
    occupied_ |= uint64_t{1} << bucket;
  }

  uint32_t last_rank_ = 0;                         // no rank in the queue is below it
  uint64_t occupied_ = 0;                          // bit b: bucket b is not empty
  std::array<std::vector<uint64_t>, 33> buckets_;  // of rank << 32 | place
};

}  // namespace attnd

#endif  // ENGINE_TEXT_MERGE_QUEUE_H_
