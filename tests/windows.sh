#!/usr/bin/env bash
# Builds the Windows program on Debian and runs its tests (`tests/e2e/wine/`) under Wine. Arguments: parts of names of those tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tests/setup.sh windows

# The standard library for Windows is built from Debian's source: rustup's toolchain cannot be had for it everywhere.
target=x86_64-pc-windows-gnu
export CARGO_TARGET_DIR=$PWD/target/windows
RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc RUSTFLAGS='-D warnings' /usr/bin/cargo build --quiet --locked --release --bins \
  -Zbuild-std=std,panic_abort --target "$target"
unset CARGO_TARGET_DIR
bin=$PWD/target/windows/$target/release
x86_64-w64-mingw32-gcc -shared -O2 -o "$bin/bcryptprimitives.dll" tests/wine/bcryptprimitives.c

export QUAY_AUTH_WINE_BIN=$bin QUAY_AUTH_WINE_PREFIX=$PWD/target/wine WINEDEBUG=-all
# Made once, and at rest when it is copied.
if [ ! -f "$QUAY_AUTH_WINE_PREFIX/user.reg" ]; then
  WINEPREFIX=$QUAY_AUTH_WINE_PREFIX /usr/lib/wine/wine64 wineboot --init >/dev/null 2>&1
  WINEPREFIX=$QUAY_AUTH_WINE_PREFIX /usr/lib/wine/wineserver -w
fi
# One program stays until the tests end: what Wine starts beside the first one keeps that one's pipes open, and must not keep a test's.
coproc wine { WINEPREFIX=$QUAY_AUTH_WINE_PREFIX exec /usr/lib/wine/wine64 cmd.exe /k 'echo here' 2>/dev/null; }
read -r _ <&"${wine[0]}"
trap 'WINEPREFIX=$QUAY_AUTH_WINE_PREFIX /usr/lib/wine/wineserver -k || true' EXIT
cargo test --quiet --locked --test e2e -- --ignored "${@:-wine::}"
