# ./dev fmt and ./dev lint. Sourced by ./dev.

# buf is not in Debian; its binary comes from the npm registry, pinned.
readonly BUF_VERSION=1.75.0
readonly BUF_SHA256=98b19d4b2b46130e083157490c54dfdcb8ea771e53204d3c6a06a2b12edd0503
readonly BUF_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/attnd/buf-$BUF_VERSION

cxx_files() { git ls-files -co --exclude-standard '*.cc' '*.h'; }

fmt() { cxx_files | xargs clang-format-19 -i; }

lint_format() { cxx_files | xargs clang-format-19 --dry-run --Werror; }

# What it found comes last, after the names of all files.
lint_tidy() {
  local sources log
  log=$(mktemp)
  mapfile -t sources < <(git ls-files -co --exclude-standard '*.cc')
  if run-clang-tidy-19 -quiet -p build/release "${sources[@]/#/$REPO/}" 2>&1 | tee "$log"; then
    rm "$log"
  else
    grep -A 4 ' error: ' "$log"
    return 1
  fi
}

lint_scripts() { shellcheck -x -s bash dev deploy/*.sh deploy/dev/*.sh tests/deploy/*.sh .ci/run; }

lint_python() { python3 -m compileall -q tests client/python; }

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

fetch_buf() {
  local archive=$BUF_CACHE.tgz
  mkdir -p "$BUF_CACHE"
  curl -sSfL "https://registry.npmjs.org/@bufbuild/buf-linux-x64/-/buf-linux-x64-$BUF_VERSION.tgz" -o "$archive"
  sha256sum --check --quiet <<<"$BUF_SHA256  $archive"
  tar -xzf "$archive" -C "$BUF_CACHE" --strip-components=1
  rm "$archive"
}

lint_proto() {
  [[ -x $BUF_CACHE/bin/buf ]] || fetch_buf
  (cd proto && "$BUF_CACHE/bin/buf" lint)
}

lint() {
  step "Format" lint_format
  step "Scripts (shellcheck)" lint_scripts
  step "Python" lint_python
  step "Python's types (mypy, strict)" lint_python_types
  step "Protocol (buf, STANDARD)" lint_proto
  step "C++ (clang-tidy)" lint_tidy
  say "lint: clean"
}
