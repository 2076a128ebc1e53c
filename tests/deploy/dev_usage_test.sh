#!/usr/bin/env bash
# Wrong command lines of ./dev: one line that says what is wrong, exit code 2, and nothing prepared or built.
set -euo pipefail
REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly REPO

fail() {
  printf 'dev_usage_test: %s\n' "$*" >&2
  exit 1
}

# expect_refused TEXT [argument...]
expect_refused() {
  local expected="dev: $1" output status=0
  shift
  output=$("$REPO/dev" "$@" 2>&1) || status=$?
  [[ $status == 2 ]] || fail "./dev $*: exit code $status, must be 2"
  [[ $output == "$expected" ]] || fail "./dev $* printed '$output', must print '$expected'"
}

expect_refused "no command named 'frobnicate'; ./dev alone prints what there is" frobnicate
expect_refused "no command named ''; ./dev alone prints what there is" ''
expect_refused "build takes no arguments, not 'all'" build all
expect_refused "fmt takes no arguments, not '--check'" fmt --check
expect_refused "lint takes no arguments, not ''" lint ''
expect_refused "--model needs a folder: ./dev demo --model DIR" demo --model
expect_refused "demo takes --model DIR and nothing else, not '--port=1'" demo --port=1
expect_refused "demo takes --model DIR and nothing else, not 'more'" demo --model DIR more
expect_refused "demo takes --model DIR and nothing else, not 'more'" demo --model=DIR more

expect_refused "fuzz takes seconds in [1, 999999], not '1m'" fuzz 1m
expect_refused "fuzz takes seconds in [1, 999999], not '0'" fuzz 0
expect_refused "fuzz takes seconds and nothing else, not 'config'" fuzz 60 config

link=$(mktemp -d)
trap 'rm -rf "$link"' EXIT
ln -s "$REPO/dev" "$link/dev"
[[ $("$link/dev" help) == "$("$REPO/dev" help)" ]] || fail "./dev through a symbolic link prints something else"
