#!/bin/bash
# The manifests of `breakeven cluster kubernetes` against the schema of Kubernetes'
# API, strictly: no field that it does not know. Installs kubernetes-validate, which
# holds the schemas, into a folder of its own.
#
#     BREAKEVEN=target/debug/breakeven tests/clusters/kubernetes.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

breakeven=$(realpath "${BREAKEVEN:?the program to test}")
world=$(mktemp -d "${TMPDIR:-/tmp}/breakeven-kubernetes.XXXXXX")
trap 'rm -rf "$world"' EXIT
python3 -m venv "$world/venv"
"$world/venv/bin/pip" install --quiet --disable-pip-version-check kubernetes-validate==1.37.0
validate() { "$world/venv/bin/kubernetes-validate" --strict --kubernetes-version "$@"; }

# Objects one by one: a List's items are of any kind to the schema.
objects() {
  python3 - "$1" <<'PYTHON'
import json, pathlib, sys
file = pathlib.Path(sys.argv[1])
for k, item in enumerate(json.loads(file.read_text())["items"]):
    (file.parent / f"object-{k}.json").write_text(json.dumps(item))
PYTHON
}

for device in flex cuda; do
  "$breakeven" cluster kubernetes --config fixtures/configs/smoke.toml --out "$world/$device" \
    --shards 3 --image registry.example/breakeven:0.1.0 --claim runs --cpus 2 --memory 1.5 \
    --time 12:00:00 --data-dir /breakeven/data --device "$device"
  objects "$world/$device/kubernetes.json"
  for version in 1.29 1.37; do
    validate "$version" "$world/$device"/object-[012].json
  done
done

# A field that no schema knows is seen: the check can fail.
sed 's/"backoffLimitPerIndex"/"backoffLimitPerIndices"/' "$world/flex/object-1.json" > "$world/wrong.json"
if validate 1.37 "$world/wrong.json" > /dev/null 2>&1; then
  echo "a wrong field was let pass" >&2
  exit 1
fi
echo "6 objects are valid for Kubernetes 1.29 and 1.37"
