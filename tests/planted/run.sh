#!/bin/sh
# Plants the bugs of this folder and expects the comparison with the naive interpreter to find each.
# Usage: tests/planted/run.sh [NAME…]   (from anywhere; a few seconds a bug after one build)
# All bugs are planted in one scratch copy, and each patch asks `crate::planted("its name")` whether it is meant: one build
# serves for all, and for the control, which plants none and must pass. TOUCHLINE_CASES changes how many cases a bug has.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# Never in the project's own target folder: cargo takes a copy for the project itself, and a planted bug would stay behind.
copy="$root/target/planted/engine"
export CARGO_TARGET_DIR="${PLANTED_TARGET:-$root/target/planted/target}"
export TOUCHLINE_CASES="${TOUCHLINE_CASES:-5000}"
export RUST_BACKTRACE=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
[ $# -gt 0 ] || set -- $(cd "$here" && ls -- *.patch | sed 's/\.patch$//')

. "$here/plant.sh"
# Files of now: by their own dates they would look older than what was built last.
plant xmf "$@"
# Plays the cases with a bug; leaves in the log what was seen.
play() {
    (cd "$copy" && TOUCHLINE_PLANTED="$1" TOUCHLINE_CASES="$2" cargo test -q --no-default-features --test it properties:: >"$log" 2>&1)
}

missed=0
if ! play "" 500; then
    cat "$log"
    echo "broken  the copy does not compile, or differs without any planted bug"
    exit 1
fi
for name in "$@"; do
    if play "$name" "$TOUCHLINE_CASES"; then
        echo "MISSED  $name: $TOUCHLINE_CASES cases agree"
        missed=1
    elif grep -q "^seed " "$log"; then
        echo "found   $name ($(grep -o '^seed [0-9]*' "$log" | head -1))"
    else
        cat "$log"
        echo "broken  $name: failed without a case"
        missed=1
    fi
done
exit $missed
