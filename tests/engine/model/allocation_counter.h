// Counts what a program takes from the heap: linking this replaces operator new.

#ifndef TESTS_ENGINE_MODEL_ALLOCATION_COUNTER_H_
#define TESTS_ENGINE_MODEL_ALLOCATION_COUNTER_H_

#include <cstdint>

namespace attnd {

// Calls of operator new so far, on all threads.
int64_t AllocationCount();

}  // namespace attnd

#endif  // TESTS_ENGINE_MODEL_ALLOCATION_COUNTER_H_
