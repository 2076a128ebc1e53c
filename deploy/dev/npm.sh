# Packages of the npm registry that tests need and Debian does not have. Sourced.

# npm_modules FOLDER: prints the folder that has node_modules as FOLDER/package-lock.json pins them, by version and digest,
# fetched into the user's cache the first time. Returns 1 where they are not in the cache and no registry can be reached.
npm_modules() {
  local modules log
  modules=${XDG_CACHE_HOME:-$HOME/.cache}/attnd/npm/$(sha256sum <"$1/package-lock.json" | cut -c 1-16)
  if [[ ! -d $modules ]]; then
    mkdir -p "$modules.unfinished"
    cp "$1/package.json" "$1/package-lock.json" "$modules.unfinished"
    log=$(cd "$modules.unfinished" && npm ci --ignore-scripts --no-audit --no-fund 2>&1) || {
      printf '%s\n' "$log" >&2
      return 1
    }
    mv -T "$modules.unfinished" "$modules"
  fi
  printf '%s\n' "$modules"
}
