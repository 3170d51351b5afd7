#!/bin/sh
# Plants each bug of this folder in a scratch copy and expects the comparison with the naive interpreter to find it.
# Usage: tests/planted/run.sh [NAME…]   (from anywhere; about half a minute a bug after the first build)
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export CARGO_TARGET_DIR="${PLANTED_TARGET:-$root/target/planted}"
export TOUCHLINE_CASES="${TOUCHLINE_CASES:-5000}"
missed=0
[ $# -gt 0 ] || set -- $(cd "$here" && ls -- *.patch | sed 's/\.patch$//')
for name in "$@"; do
    rm -rf "$scratch/copy" && mkdir "$scratch/copy"
    (cd "$root" && tar cf - --exclude=./target --exclude=./.git .) | tar xf - -C "$scratch/copy"
    if ! (cd "$scratch/copy" && patch -s -p1 <"$here/$name.patch"); then
        echo "stale   $name: the patch no longer applies"
        missed=1
        continue
    fi
    if ! (cd "$scratch/copy" && cargo test -q --no-default-features --test it --no-run >"$scratch/log" 2>&1); then
        echo "broken  $name: does not compile"
        missed=1
        continue
    fi
    if (cd "$scratch/copy" && cargo test -q --no-default-features --test it properties:: >"$scratch/log" 2>&1); then
        echo "MISSED  $name: $TOUCHLINE_CASES cases agree"
        missed=1
    elif grep -q "^seed " "$scratch/log"; then
        echo "found   $name ($(grep -o '^seed [0-9]*' "$scratch/log" | head -1))"
    else
        echo "broken  $name: failed without a case"
        missed=1
    fi
done
exit $missed
