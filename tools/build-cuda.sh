#!/usr/bin/env bash
# Builds breakeven for NVIDIA cards on a machine that has neither LLVM nor CUDA:
#
#   tools/build-cuda.sh [--release] [any other option of `cargo rustc`]
#
# Kernels are made by CUDA's own compiler (NVRTC) when the program runs, so LLVM,
# which CubeCL would otherwise download (DOCS_RS keeps it from that), is never
# called: its functions stay unresolved, and are bound when called, not at start.
set -euo pipefail
cd "$(dirname "$0")/.."

DOCS_RS=1 cargo rustc --locked --features cuda-nvrtc --bin breakeven "$@" -- \
  -C relro-level=partial -C link-arg=-Wl,-z,lazy \
  -C link-arg=-Wl,--unresolved-symbols=ignore-all
