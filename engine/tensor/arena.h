// Memory for weights and activations, in 2 MiB pages where the kernel has them: fewer TLB misses while weights stream.

#ifndef ENGINE_TENSOR_ARENA_H_
#define ENGINE_TENSOR_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace attnd {

// Hands out zeroed, 64-byte aligned arrays that live as long as the arena; nothing is given back singly.
// Threads: one at a time. Owns: its memory.
class Arena {
 public:
  Arena() = default;
  Arena(Arena&&) = default;
  Arena& operator=(Arena&&) = default;

  // `count` zeros. RESOURCE_EXHAUSTED when the system has no memory for them.
  template <typename T>
  absl::StatusOr<absl::Span<T>> Allocate(int64_t count) {
    const absl::StatusOr<std::byte*> bytes = AllocateBytes(count, sizeof(T));
    if (!bytes.ok()) return bytes.status();
    return absl::MakeSpan(reinterpret_cast<T*>(*bytes), static_cast<size_t>(count));
  }

 private:
  struct Unmap {
    size_t byte_count = 0;
    void operator()(std::byte* block) const;
  };
  using Block = std::unique_ptr<std::byte, Unmap>;

  absl::StatusOr<std::byte*> AllocateBytes(int64_t count, size_t element_bytes);
  absl::Status AddBlock(size_t byte_count);

  std::vector<Block> blocks_;
  std::byte* next_ = nullptr;  // first free byte of the last block
  size_t free_bytes_ = 0;      // bytes from next_ to its end
};

}  // namespace attnd

#endif  // ENGINE_TENSOR_ARENA_H_
