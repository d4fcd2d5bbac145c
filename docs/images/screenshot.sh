#!/usr/bin/env bash
# A picture of a page, as a browser shows it: the README's is the head of a report.
#
#   docs/images/screenshot.sh breakeven-check/report.html [docs/images/report.png]
#
# An address that begins with http:// does as well as a file. Needs Chromium (the
# command is `chromium`, or what CHROMIUM names) and pngquant.
set -euo pipefail
case "$1" in
  http://*) page=$1 ;;
  *) page=file://$(realpath "$1") ;;
esac
picture=$(realpath -m "${2:-$(dirname "$0")/report.png}")
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT

# The sandbox of Chromium can't be had as root, as in a container. The time budget lets
# a page ask its server before the picture is taken.
flags=()
[ "$(id -u)" -ne 0 ] || flags+=(--no-sandbox)
"${CHROMIUM:-chromium}" --headless=new "${flags[@]}" --disable-gpu --no-first-run \
  --user-data-dir="$profile" --hide-scrollbars --blink-settings=preferredColorScheme=1 \
  --virtual-time-budget=5000 \
  --window-size="${SIZE:-1000,2060}" --screenshot="$profile/page.png" "$page" 2> "$profile/log" ||
  { cat "$profile/log" >&2; exit 1; }
pngquant --speed 1 --strip --force --output "$picture" 64 "$profile/page.png"
echo "$picture: $(stat -c %s "$picture") bytes"
