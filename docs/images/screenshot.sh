#!/usr/bin/env bash
# The README's picture: the head of a report, as a browser shows it.
#
#   docs/images/screenshot.sh breakeven-check/report.html [docs/images/report.png]
#
# Needs Chromium (the command is `chromium`, or what CHROMIUM names) and pngquant.
set -euo pipefail
report=$(realpath "$1")
picture=$(realpath -m "${2:-$(dirname "$0")/report.png}")
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT

# The sandbox of Chromium can't be had as root, as in a container.
flags=()
[ "$(id -u)" -ne 0 ] || flags+=(--no-sandbox)
"${CHROMIUM:-chromium}" --headless=new "${flags[@]}" --disable-gpu --no-first-run \
  --user-data-dir="$profile" --hide-scrollbars --blink-settings=preferredColorScheme=1 \
  --window-size="${SIZE:-1000,2060}" --screenshot="$profile/report.png" "file://$report" 2> "$profile/log" ||
  { cat "$profile/log" >&2; exit 1; }
pngquant --speed 1 --strip --force --output "$picture" 64 "$profile/report.png"
echo "$picture: $(stat -c %s "$picture") bytes"
