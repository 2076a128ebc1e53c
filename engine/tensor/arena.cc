#include "engine/tensor/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "absl/strings/str_format.h"

namespace attnd {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHugePageBytes = size_t{2} << 20;
constexpr size_t kMinBlockBytes = size_t{64} << 20;

size_t RoundUp(size_t value, size_t multiple) { return (value + multiple - 1) / multiple * multiple; }

}  // namespace

void Arena::Unmap::operator()(std::byte* block) const { munmap(block, byte_count); }

absl::StatusOr<std::byte*> Arena::AllocateBytes(int64_t count, size_t element_bytes) {
  constexpr int64_t kMaxCount = std::numeric_limits<int64_t>::max() / 8;
  if (count < 0 || count > kMaxCount) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("%d elements of %d bytes do not fit in memory", count, element_bytes));
  }
  const size_t byte_count = RoundUp(static_cast<size_t>(count) * element_bytes, kAlignment);
  if (byte_count > free_bytes_) {
    if (absl::Status status = AddBlock(byte_count); !status.ok()) return status;
  }
  std::byte* allocated = next_;
  next_ += byte_count;
  free_bytes_ -= byte_count;
  return allocated;
}

absl::Status Arena::AddBlock(size_t byte_count) {
  // One huge page more than needed, so that a huge-page-aligned start lies inside.
  const size_t usable = RoundUp(std::max(byte_count, kMinBlockBytes), kHugePageBytes);
  const size_t mapped = usable + kHugePageBytes;
  void* address = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) {
    return absl::ResourceExhaustedError(absl::StrFormat("no memory for %d bytes: %s", mapped, std::strerror(errno)));
  }
  blocks_.push_back(Block(static_cast<std::byte*>(address), Unmap{mapped}));
  const auto start = reinterpret_cast<uintptr_t>(address);
  next_ = static_cast<std::byte*>(address) + (RoundUp(start, kHugePageBytes) - start);
  free_bytes_ = usable;
  // Only advice: with small pages everything works, slower.
  madvise(next_, usable, MADV_HUGEPAGE);
  return absl::OkStatus();
}

}  // namespace attnd
