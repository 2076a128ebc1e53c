// Comes before every source that is compiled for ThreadSanitizer: its macro gives protobuf's maps two members that
// those of Debian's library, which is compiled without, do not have, and what reads one by reflection would read beside
// it.

#ifndef TESTS_TSAN_PROTOBUF_MAPS_H_
#define TESTS_TSAN_PROTOBUF_MAPS_H_

// What depends on the macro for good reason, and must see it.
#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>

#pragma push_macro("__SANITIZE_THREAD__")
#undef __SANITIZE_THREAD__
#include <google/protobuf/map_field.h>  // IWYU pragma: keep
#pragma pop_macro("__SANITIZE_THREAD__")

#endif  // TESTS_TSAN_PROTOBUF_MAPS_H_
