#!/bin/sh
# Plants the bugs of this folder and expects the simulation to find each within 500 seeds.
# Usage: tests/planted/daemon/run.sh [NAME…]   (from anywhere)
# All bugs are planted in one scratch copy, and each patch asks `crate::planted("its name")` whether it is meant: one build
# serves for all, and for the control, which plants none and must pass. TOUCHLINE_SIM_SEEDS changes how many seeds a bug has.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
# Beside what is built already, so that only this package is built once more.
copy="$root/target/planted/daemon"
export CARGO_TARGET_DIR="${PLANTED_TARGET:-$root/target}"
export RUST_BACKTRACE=0
seeds="${TOUCHLINE_SIM_SEEDS:-500}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
[ $# -gt 0 ] || set -- $(cd "$here" && ls -- *.patch | sed 's/\.patch$//')

. "$here/../plant.sh"
plant xf "$@"
# Another version is another package: it shares what others wrote and nothing of ours.
sed -i 's/^version = "\(.*\)"/version = "\1-planted"/' "$copy/Cargo.toml"
if ! (cd "$copy" && cargo test -q --test simulation --no-run >"$log" 2>&1); then
    cat "$log"
    echo "broken  the planted bugs do not compile"
    exit 1
fi

# Plays seeds with a bug; leaves in the log what was seen.
play() {
    (cd "$copy" && TOUCHLINE_PLANTED="$1" TOUCHLINE_SIM_SEEDS="$2" \
        cargo test -q --test simulation -- whatever_fails --nocapture >"$log" 2>&1)
}

missed=0
if ! play "" 20; then
    cat "$log"
    echo "broken  a law is broken without any planted bug"
    exit 1
fi
for name in "$@"; do
    if play "$name" "$seeds"; then
        echo "MISSED  $name: $seeds seeds break no law"
        missed=1
    elif grep -q "^seed [0-9]* breaks" "$log"; then
        law=$(grep -A1 "panicked at" "$log" | grep -v "panicked at\|^--" | head -1 | cut -c1-90)
        echo "found   $name ($(grep -o '^seed [0-9]*' "$log" | head -1): $law)"
    else
        cat "$log"
        echo "broken  $name: failed without a seed"
        missed=1
    fi
done
exit $missed
