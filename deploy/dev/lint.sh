# ./dev fmt and ./dev lint. Sourced by ./dev.

. "$REPO/deploy/dev/npm.sh"

cxx_files() { git ls-files -co --exclude-standard '*.cc' '*.h'; }

fmt() { cxx_files | xargs clang-format-19 -i; }

lint_format() { cxx_files | xargs clang-format-19 --dry-run --Werror; }

lint_tidy() {
  local sources
  mapfile -t sources < <(git ls-files -co --exclude-standard '*.cc')
  python3 deploy/dev/tidy.py --build=build/release --passes="${XDG_CACHE_HOME:-$HOME/.cache}/attnd/tidy" "${sources[@]}"
}

lint_scripts() { shellcheck -x -s bash dev deploy/dev/*.sh tests/deploy/*.sh .ci/run; }

lint_python() { python3 -m compileall -q deploy tests client/python; }

# The Python package and its examples, beside the modules that are generated when it is built.
lint_python_types() {
  local folder status=0
  folder=$(mktemp -d)
  (cd client/python && python3 setup.py -q build_py --build-lib "$folder") &&
    MYPYPATH=$folder mypy --config-file client/python/pyproject.toml --cache-dir "$folder/cache" \
      "$folder/attnd" client/python/examples || status=$?
  rm -rf "$folder"
  return "$status"
}

# The protocol this one must not break: that of the last release, else of the commit that this branch left origin's main
# at, else, on main itself, of the commit before. What is not committed counts as part of this one. Prints nothing where
# there is none of them, as in a clone of depth 1.
published_commit() {
  local tag base
  if tag=$(git describe --tags --abbrev=0 --match='v[0-9]*' HEAD^ 2>/dev/null); then
    git rev-parse "$tag^{commit}"
    return
  fi
  if base=$(git merge-base HEAD origin/main 2>/dev/null) && [[ $base != "$(git rev-parse HEAD)" ]]; then
    printf '%s\n' "$base"
    return
  fi
  git rev-parse --verify --quiet 'HEAD^' || true
}

lint_proto() { # lint_proto BUF
  (cd proto && "$1" lint)
}

lint_breaking() { # lint_breaking BUF
  local commit folder status=0
  commit=$(published_commit)
  if [[ -z $commit ]]; then
    say "  no earlier protocol to compare with: neither a release nor an earlier commit is in this clone"
    return
  fi
  folder=$(mktemp -d)
  git archive "$commit" proto | tar -x -C "$folder"
  (cd proto && "$1" breaking --against "$folder/proto") || status=$?
  rm -rf "$folder"
  ((status == 0)) || say "the protocol breaks that of commit $commit"
  return "$status"
}

lint() {
  local buf
  step "Format" lint_format
  step "Scripts (shellcheck)" lint_scripts
  step "Python" lint_python
  step "Python's types (mypy, strict)" lint_python_types
  buf=$(npm_modules deploy/dev/npm)/node_modules/.bin/buf
  step "Protocol (buf, STANDARD)" lint_proto "$buf"
  step "Protocol beside the published one (buf, FILE)" lint_breaking "$buf"
  step "C++ (clang-tidy)" lint_tidy
  say "lint: clean"
}
