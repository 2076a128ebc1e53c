# Brings ./dev onto Debian 13: in place with apt in a container of it, elsewhere in a root folder of its own that
# mmdebstrap makes in the user's cache and bubblewrap enters. Sourced by ./dev.

readonly PACKAGE_LIST=$REPO/deploy/packages.txt
readonly ROOTS=${XDG_CACHE_HOME:-$HOME/.cache}/attnd/debian13
# Written into a Debian 13 system once it holds every package of the list with this digest.
readonly STAMP=/var/lib/attnd/packages.sha256
# What Debian signs its archive with.
readonly KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

packages() { awk '$1 == "build" || $1 == "dev" { print $2 }' "$PACKAGE_LIST"; }

packages_digest() { packages | sha256sum | cut -c 1-16; }

is_debian13() { (. /etc/os-release && [[ ${ID:-} == debian && ${VERSION_CODENAME:-} == trixie ]]) 2>/dev/null; }

has_packages() { is_debian13 && [[ -r $STAMP && $(<"$STAMP") == "$(packages_digest)" ]]; }

runs_services() { [[ -d /run/systemd/system ]]; }

# Packages of the list would start services, and take the place of a Docker of another source: no business of a build's.
may_install_in_place() { is_debian13 && ! runs_services; }

# as_root COMMAND...: as root, through sudo where we are not.
as_root() { if ((EUID == 0)); then "$@"; else sudo "$@"; fi; }

# ask_for_root PACKAGE...: has sudo ask for a password now, if it wants one: a line of progress would hide the question.
ask_for_root() {
  ((EUID == 0)) && return
  command -v sudo >/dev/null ||
    die "needs root and found no sudo; run as root, then ./dev again: apt-get install --no-install-recommends $*"
  sudo -n true 2>/dev/null || sudo -v
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@"
}

write_stamp() {
  as_root mkdir -p "${STAMP%/*}"
  packages_digest | as_root tee "$STAMP" >/dev/null
}

install_in_place() {
  local list
  mapfile -t list < <(packages)
  ask_for_root "${list[@]}"
  step "Installing ${#list[@]} packages with apt" apt_install "${list[@]}"
  write_stamp
}

# The host gets these two tools, Debian's keys where it has none, and nothing else; a user who is not root also what maps
# their subordinate user ids.
install_host_tools() {
  local missing=()
  command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
  command -v bwrap >/dev/null || missing+=(bubblewrap)
  [[ -r $KEYRING ]] || missing+=(debian-archive-keyring)
  if ((EUID != 0)) && ! command -v newuidmap >/dev/null; then missing+=(uidmap); fi
  ((${#missing[@]} == 0)) && return
  command -v apt-get >/dev/null || die "needs ${missing[*]} and found no apt-get; install them, then run ./dev again"
  ask_for_root "${missing[@]}"
  step "Installing ${missing[*]} on this machine" apt_install "${missing[@]}"
}

# Told before four minutes are spent on a root that cannot be entered.
check_namespaces() {
  local output
  output=$(bwrap --bind / / true 2>&1) ||
    die "bubblewrap cannot make namespaces here ($output); run as root, or, as on Ubuntu 24.04, let AppArmor allow bwrap"
}

bootstrap() { # bootstrap FOLDER
  local include mirror=${ATTND_DEBIAN_MIRROR:-http://deb.debian.org/debian}
  include=$(packages | paste -sd,)
  local args=(--variant=apt --include="$include" --aptopt='APT::Install-Recommends "false"' trixie)
  if ((EUID == 0)); then
    mmdebstrap --mode=root "${args[@]}" "$1" "$mirror"
  else
    # Through a tarball, so that every file ends up owned by the user and the cache can be deleted like any folder.
    mkdir -p "$1" && mmdebstrap --mode=unshare "${args[@]}" - "$mirror" |
      tar -x -C "$1" --no-same-owner --no-same-permissions --exclude='./dev/*'
  fi
}

make_root() { # make_root FOLDER
  local unfinished=$1.unfinished
  rm -rf "$unfinished"
  bootstrap "$unfinished"
  mkdir -p "$unfinished${STAMP%/*}"
  packages_digest >"$unfinished$STAMP"
  mv "$unfinished" "$1"
}

# Roots of older package lists that nothing has entered for a month.
remove_stale_roots() { find "$ROOTS" -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf {} + 2>/dev/null || true; }

# ensure_root: prints the folder of the Debian 13 root for the package list as it is now, made if need be.
ensure_root() {
  local root
  root=$ROOTS/$(packages_digest)
  if [[ ! -d $root ]]; then
    install_host_tools
    check_namespaces
    mkdir -p "$ROOTS"
    (
      flock 9
      [[ -d $root ]] || step "Making a Debian 13 root in $ROOTS (about four minutes, once)" make_root "$root"
    ) 9>"$ROOTS.lock"
    remove_stale_roots
  fi
  touch "$root"
  printf '%s\n' "$root"
}

# terminate_child FILE: SIGTERM to the process that bwrap names in FILE, if it has started and still runs.
terminate_child() {
  local child
  child=$(sed -n 's/.*"child-pid": *\([0-9]*\).*/\1/p' "$1")
  if [[ -n $child ]]; then kill -TERM "$child" 2>/dev/null || true; fi
}

# docker_binds: bwrap's arguments for this machine's Docker, client and socket, one a line; nothing where there is none.
docker_binds() {
  local client socket=/run/docker.sock
  client=$(command -v docker) || return 0
  [[ -S $socket ]] || return 0
  printf '%s\n' --ro-bind "$(readlink -f "$client")" /usr/local/bin/docker --bind "$socket" "$socket"
}

# enter_root ROOT COMMAND...: runs COMMAND inside ROOT, the host's own folders seen under their own paths. SIGTERM and
# SIGINT reach COMMAND itself, so that a server under ./dev drains.
enter_root() {
  local root=$1 info pid status args dir
  shift
  mapfile -t args < <(docker_binds)
  # mmdebstrap, which makes a base image where no registry can be reached, needs root's capabilities; a Docker engine of the
  # tests' own makes cgroups besides.
  if ((EUID == 0)); then args+=(--cap-add ALL --bind-try /sys/fs/cgroup /sys/fs/cgroup); fi
  for dir in /*; do
    case $dir in
      /bin | /boot | /dev | /etc | /lib* | /proc | /run | /sbin | /sys | /usr | /var) ;;
      *) if [[ -d $dir && ! -L $dir ]]; then args+=(--bind "$dir" "$dir"); fi ;;
    esac
  done
  # A repository or cache below a folder that the root has of its own, as in /var/lib/ci/attnd.
  for dir in "$REPO" "$PWD"; do args+=(--bind "$dir" "$dir"); done
  info=$(mktemp)
  # The certificates are the ones this machine trusts, a proxy of its own among them. A background job of a script reads
  # no terminal and ignores SIGINT: <&0 gives the one back and env the other, to COMMAND but not to bwrap, which shall
  # outlive it. Ctrl-C reaches COMMAND from the terminal; what reaches this script alone is handed on.
  bwrap --bind "$root" / --dev /dev --proc /proc --ro-bind /sys /sys "${args[@]}" \
    --ro-bind-try /etc/resolv.conf /etc/resolv.conf \
    --ro-bind-try /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt \
    --setenv PATH /usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --chdir "$PWD" --info-fd 9 \
    env --default-signal=INT "$@" 9>"$info" <&0 &
  pid=$!
  trap : INT
  trap 'terminate_child "$info"' TERM HUP
  while :; do
    status=0
    wait "$pid" || status=$?
    kill -0 "$pid" 2>/dev/null || break
  done
  trap - INT TERM HUP
  rm -f "$info"
  return "$status"
}
