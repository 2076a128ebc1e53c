# ./dev fuzz: libFuzzer looks for files that the readers cannot cope with. Sourced by ./dev.

# fuzz_one NAME SECONDS: starts from the corpus that is kept and from what earlier runs found. Inputs have at most 16 KiB;
# one that takes longer than 5 s, or that makes a reader ask for more than 64 MiB at once, is a failure as a crash is.
fuzz_one() {
  local found=build/fuzz/corpus/$1
  mkdir -p "$found" build/fuzz/failures
  ASAN_OPTIONS=detect_stack_use_after_return=1:allow_user_poisoning=0 \
    UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
    "build/fuzz/tests/fuzz/$1_fuzzer" -max_total_time="$2" -print_final_stats=1 -max_len=16384 -timeout=5 \
    -malloc_limit_mb=64 -rss_limit_mb=1024 -artifact_prefix="build/fuzz/failures/$1-" "$found" "tests/fuzz/corpus/$1"
}

fuzz() { # fuzz SECONDS
  local corpus name
  for corpus in tests/fuzz/corpus/*/; do
    name=$(basename "$corpus")
    step "Fuzzing $name" fuzz_one "$name" "$1" ||
      die "the input is in build/fuzz/failures; mend what reads it, and keep it in tests/fuzz/corpus/$name"
  done
  say "fuzz: nothing found"
}
