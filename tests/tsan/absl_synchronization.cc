// Tells ThreadSanitizer what absl::Mutex and absl::Notification order. Debian's Abseil is compiled without it, so every
// lock would be invisible and everything a lock protects would look like a race.
//
// Linked into every program of the tsan build, where these definitions come before the library's, for the library's own
// calls too; each tells the sanitizer and calls the one it stands before. Between the "pre" and the "post" of an
// operation the sanitizer ignores this thread's accesses: those of conditions that are evaluated inside.

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

namespace {

// The library's definition of the function that calls this, which is looked up by the caller's own symbol.
template <typename Function>
[[gnu::noinline]] Function* Next() {
  Dl_info caller = {};
  dladdr(__builtin_return_address(0), &caller);
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, caller.dli_sname));
}

}  // namespace

namespace absl {
ABSL_NAMESPACE_BEGIN

void Mutex::Lock() {
  static auto* const next = Next<void(Mutex*)>();
  __tsan_mutex_pre_lock(this, 0);
  next(this);
  __tsan_mutex_post_lock(this, 0, 0);
}

void Mutex::Unlock() {
  static auto* const next = Next<void(Mutex*)>();
  __tsan_mutex_pre_unlock(this, 0);
  next(this);
  __tsan_mutex_post_unlock(this, 0);
}

bool Mutex::TryLock() {
  static auto* const next = Next<bool(Mutex*)>();
  __tsan_mutex_pre_lock(this, __tsan_mutex_try_lock);
  const bool locked = next(this);
  __tsan_mutex_post_lock(this, __tsan_mutex_try_lock | (locked ? 0 : __tsan_mutex_try_lock_failed), 0);
  return locked;
}

void Mutex::ReaderLock() {
  static auto* const next = Next<void(Mutex*)>();
  __tsan_mutex_pre_lock(this, __tsan_mutex_read_lock);
  next(this);
  __tsan_mutex_post_lock(this, __tsan_mutex_read_lock, 0);
}

void Mutex::ReaderUnlock() {
  static auto* const next = Next<void(Mutex*)>();
  __tsan_mutex_pre_unlock(this, __tsan_mutex_read_lock);
  next(this);
  __tsan_mutex_post_unlock(this, __tsan_mutex_read_lock);
}

bool Mutex::LockWhenCommon(const Condition& condition, synchronization_internal::KernelTimeout timeout, bool write) {
  static auto* const next = Next<bool(Mutex*, const Condition&, synchronization_internal::KernelTimeout, bool)>();
  const unsigned flags = write ? 0 : __tsan_mutex_read_lock;
  __tsan_mutex_pre_lock(this, flags);
  const bool is_true = next(this, condition, timeout, write);
  __tsan_mutex_post_lock(this, flags, 0);
  return is_true;
}

// Held by a writer before and after; nothing of ours waits as a reader.
bool Mutex::AwaitCommon(const Condition& condition, synchronization_internal::KernelTimeout timeout) {
  static auto* const next = Next<bool(Mutex*, const Condition&, synchronization_internal::KernelTimeout)>();
  __tsan_mutex_pre_unlock(this, 0);
  const bool is_true = next(this, condition, timeout);
  __tsan_mutex_post_unlock(this, 0);
  __tsan_mutex_pre_lock(this, 0);
  __tsan_mutex_post_lock(this, 0, 0);
  return is_true;
}

bool CondVar::WaitCommon(Mutex* mutex, synchronization_internal::KernelTimeout timeout) {
  static auto* const next = Next<bool(CondVar*, Mutex*, synchronization_internal::KernelTimeout)>();
  __tsan_mutex_pre_unlock(mutex, 0);
  const bool timed_out = next(this, mutex, timeout);
  __tsan_mutex_post_unlock(mutex, 0);
  __tsan_mutex_pre_lock(mutex, 0);
  __tsan_mutex_post_lock(mutex, 0, 0);
  return timed_out;
}

void Notification::Notify() {
  static auto* const next = Next<void(Notification*)>();
  __tsan_release(this);
  next(this);
}

void Notification::WaitForNotification() const {
  static auto* const next = Next<void(const Notification*)>();
  next(this);
  __tsan_acquire(const_cast<Notification*>(this));
}

ABSL_NAMESPACE_END
}  // namespace absl
