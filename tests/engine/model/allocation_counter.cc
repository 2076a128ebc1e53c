#include "tests/engine/model/allocation_counter.h"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace attnd {
namespace {

std::atomic<int64_t> allocation_count = 0;

}  // namespace

int64_t AllocationCount() { return allocation_count; }

}  // namespace attnd

void* operator new(size_t size) {
  ++attnd::allocation_count;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}

// The library's own calls the one above, a sanitizer's does not.
void* operator new(size_t size, const std::nothrow_t& /*tag*/) noexcept {
  ++attnd::allocation_count;
  return std::malloc(size);
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t /*size*/) noexcept { std::free(memory); }
