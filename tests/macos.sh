#!/usr/bin/env bash
# Type-checks the program and its tests for macOS on Debian, warnings as errors. Nothing is linked and nothing runs: C code cannot be built
# for it here, so what stands in for a C compiler makes empty files.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tests/setup.sh cross

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
RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc RUSTFLAGS='-D warnings' /usr/bin/cargo check --quiet --locked --lib --bins --tests \
  -Zbuild-std=std,panic_abort,test --target aarch64-apple-darwin
