#!/usr/bin/env bash
# Exit code 0 while the server of this container serves, else 1. Asks the metrics port, which is plaintext and without keys
# whatever certificates and API keys the gRPC port asks for; attnd_ready is what health says there.
set -euo pipefail
exec 3<>"/dev/tcp/127.0.0.1/${1:-9464}"
printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3
grep -q '^attnd_ready 1' <&3
