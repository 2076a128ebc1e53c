// Tells ThreadSanitizer what orders a gRPC call's operations and what is done once they have ended: libgrpc does, and
// is not instrumented. Stands before the library's functions of the same names.

#include <dlfcn.h>
#include <grpc/grpc.h>
#include <sanitizer/tsan_interface.h>

// Begins operations: all that happened before on this thread happens before their ends.
extern "C" grpc_call_error grpc_call_start_batch(grpc_call* call, const grpc_op* ops, size_t nops, void* tag,
                                                 void* reserved) {
  static const auto start_batch =
      reinterpret_cast<decltype(&grpc_call_start_batch)>(dlsym(RTLD_NEXT, "grpc_call_start_batch"));
  __tsan_release(call);
  return start_batch(call, ops, nops, tag, reserved);
}

// gRPC's headers call it between the end of operations and the reaction to it.
extern "C" void grpc_call_unref(grpc_call* call) {
  static const auto unref = reinterpret_cast<decltype(&grpc_call_unref)>(dlsym(RTLD_NEXT, "grpc_call_unref"));
  __tsan_acquire(call);
  unref(call);
}
