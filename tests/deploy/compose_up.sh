#!/usr/bin/env bash
# compose_up.sh IMAGE [--host-network]: deploy/compose.yaml on the Docker engine that answers here, with IMAGE as the
# server's and tests/golden/tiny as its model. Server and Prometheus must become healthy and the one see the other's calls,
# under every restriction of the file. Where no registry is within reach Prometheus' image is made of Debian's package, and Grafana
# is left out, which it says. --host-network: for engines that give containers no network of their own; ports 50051, 9090,
# 9464 and 3000 of this machine must then be free.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

FOLDER=$(mktemp -d)
readonly FOLDER
export ATTND_MODEL=$PWD/tests/golden/tiny
# A project of its own, beside one that somebody may have running.
compose=(docker-compose --project-name "attnd-test-$$" --file deploy/compose.yaml --file "$FOLDER/override.yaml")
services=(attnd prometheus)

say() { printf 'compose: %s\n' "$*"; }

fail() {
  say "FAILED: $*"
  "${compose[@]}" ps --all || true
  "${compose[@]}" logs --tail 20 || true
  exit 1
}

clean_up() {
  "${compose[@]}" down --volumes >/dev/null 2>&1 || true
  rm -rf "$FOLDER"
}

image_of() { "${compose[@]}" config --format json | python3 -c "import json, sys; print(json.load(sys.stdin)['services']['$1']['image'])"; }

# has_image IMAGE: here, or in a registry within reach.
has_image() { docker image inspect "$1" >/dev/null 2>&1 || docker pull --quiet "$1" >/dev/null 2>&1; }

# Debian's Prometheus under the name and with the entry point, user and folders of the one that the file asks for.
import_prometheus() {
  local root=$FOLDER/root library
  mkdir -p "$root"/{bin,etc,lib64,prometheus,usr/lib/x86_64-linux-gnu}
  cp --dereference "$(command -v prometheus)" "$(command -v promtool)" "$root/bin/"
  ldd "$root/bin/prometheus" "$root/bin/promtool" | sed -nE 's/.*=> (\/[^ ]+).*/\1/p' | sort -u |
    while read -r library; do cp --dereference "$library" "$root/usr/lib/x86_64-linux-gnu/"; done
  cp --dereference /lib64/ld-linux-x86-64.so.2 "$root/lib64/"
  tar -C "$root" --owner=65534 --group=65534 -c . |
    docker import --change 'ENTRYPOINT ["/bin/prometheus"]' --change 'ENV PATH=/bin' --change 'USER 65534:65534' \
      --change 'VOLUME /prometheus' - "$1" >/dev/null
}

write_override() {
  local service other
  printf 'services:\n'
  for service in attnd prometheus grafana; do
    printf '  %s:\n' "$service"
    if [[ $service == attnd ]]; then printf '    image: %s\n    build: !reset null\n' "$1"; fi
    if [[ ${2-} == --host-network ]]; then
      printf '    network_mode: host\n    ports: !reset []\n    extra_hosts:\n'
      for other in attnd prometheus; do printf '      %s: 127.0.0.1\n' "$other"; done
    fi
  done
}

# wait_until QUERY: Prometheus answers with a series.
wait_until() {
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    if curl -sSf --get http://127.0.0.1:9090/api/v1/query --data-urlencode "query=$1" | grep -q '"value"'; then return; fi
    sleep 0.2
  done
  fail "Prometheus does not see that $1"
}

trap clean_up EXIT
write_override "$@" >"$FOLDER/override.yaml"
has_image "$(image_of prometheus)" || {
  say "no registry within reach: making $(image_of prometheus) of Debian's package"
  import_prometheus "$(image_of prometheus)"
}
if has_image "$(image_of grafana)"; then services+=(grafana); else say "left out for want of a registry: Grafana"; fi
"${compose[@]}" up --detach --wait --wait-timeout 180 "${services[@]}" >"$FOLDER/log" 2>&1 || {
  cat "$FOLDER/log"
  fail "docker-compose up"
}
say "healthy: ${services[*]}"
wait_until 'up{job="attnd"} == 1 and attnd_ready == 1'
"${compose[@]}" exec -T attnd attnd-load --rate_per_s=50 --requests=20 >/dev/null || fail "attnd-load in the container"
wait_until 'sum(grpc_server_handled_total{grpc_code="OK"}) >= 20'
if [[ " ${services[*]} " == *" grafana "* ]]; then
  curl -sSf http://127.0.0.1:3000/api/dashboards/uid/attnd | grep -q '"title":"attnd"' || fail "Grafana has no dashboard"
fi
"${compose[@]}" stop --timeout 30 >/dev/null 2>&1
say "Prometheus saw 20 calls of attnd-load; passed"
