#!/usr/bin/env bash
# The picture of docs/exploring.md: the explorer's page with two settings.
#
#   docs/images/explore.sh target/release/breakeven [docs/images/explore.png]
#
# Needs what screenshot.sh needs.
set -euo pipefail
folder=$(dirname "$0")
exec 3< <(exec "$1" explore --no-open)
server=$!
trap 'kill -INT "$server"' EXIT
read -r address <&3
view='compare=on&learning_rate_2=0.3&steps=150'
SIZE=1280,1160 "$folder/screenshot.sh" "$address#$view" "${2:-$folder/explore.png}"
