#!/usr/bin/env bash
# Type-checks the program and its tests for macOS on Debian, with warnings as errors. Nothing is linked or run. C code cannot be compiled for
# macOS here, so a stub is used as the C compiler, which creates empty files.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/debian-rust

stub=$PWD/target/macos/stub
mkdir -p "$(dirname "$stub")"
cat >"$stub" <<'STUB'
#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in
    -o) : >"$2" ;;
    *.a) : >"$1" ;;
  esac
  shift
done
STUB
chmod +x "$stub"
export CC_aarch64_apple_darwin=$stub AR_aarch64_apple_darwin=$stub CARGO_TARGET_DIR=$PWD/target/macos
RUSTFLAGS='-D warnings' "$CARGO" check --quiet --locked --lib --bins --tests \
  -Zbuild-std=std,panic_abort,test --target aarch64-apple-darwin
