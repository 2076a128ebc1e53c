#!/usr/bin/env bash
# How ./dev gets its packages: in place only in a container of Debian 13, and what cannot work is told before it is begun.
set -euo pipefail
REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly REPO
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache
. "$REPO/deploy/dev/progress.sh"
. "$REPO/deploy/dev/debian13.sh"

fail() {
  printf 'dev_prepare_test: %s\n' "$*" >&2
  exit 1
}

# Programs that say what they were asked, in place of those that change a machine.
readonly CALLS=$work/calls
mkdir "$work/bin"
for program in apt-get mmdebstrap bwrap newuidmap; do
  printf '#!/bin/sh\necho "%s $*" >>%s\n' "$program" "$CALLS" >"$work/bin/$program"
done
chmod +x "$work/bin"/*
PATH=$work/bin:$PATH

is_debian13() { true; }
runs_services() { true; }
! may_install_in_place || fail "a Debian 13 that runs services would get packages that start more"
runs_services() { false; }
may_install_in_place || fail "a container of Debian 13 would get a root of its own"
is_debian13() { false; }
! may_install_in_place || fail "another system would get Debian 13's packages"

printf '#!/bin/sh\necho "setting up uid map: Permission denied" >&2\nexit 1\n' >"$work/bin/bwrap"
status=0
output=$(ensure_root 2>&1) || status=$?
[[ $status == 1 && $output == "dev: bubblewrap cannot make namespaces here (setting up uid map: Permission denied); "* ]] ||
  fail "where bwrap may not make namespaces: exit code $status, '$output'"
[[ ! -e $CALLS ]] || ! grep -q mmdebstrap "$CALLS" || fail "a root was made that cannot be entered"
