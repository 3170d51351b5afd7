#!/bin/sh
# Power loss: records what a store writes, rebuilds what a disk could hold after the power went at any moment, and starts on it.
# Usage: tests/power/run.sh [IMAGES] [SEED]   (200 images of seed 1 unless given; `tests/power/run.sh 10000` is the campaign)
# The control plants `synchronous=NORMAL` in a scratch copy: then acknowledged signals have to be lost. Needs strace.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export TOUCHLINE_POWER_IMAGES="${1:-200}" TOUCHLINE_POWER_SEED="${2:-1}" RUST_BACKTRACE=0
export CARGO_TARGET_DIR="${PLANTED_TARGET:-$root/target}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v strace >/dev/null || { echo "strace is missing: apt-get install strace"; exit 1; }

# Records a run of the tests in folder $1 into $2.
record() {
    binary=$(cd "$1" && cargo test -q --test power --no-run --message-format=json 2>"$work/log" |
        sed -n 's/.*"name":"power".*"executable":"\([^"]*\)".*/\1/p' | tail -1)
    [ -n "$binary" ] || { cat "$work/log"; exit 1; }
    rm -rf "$work/data" && mkdir "$work/data"
    (cd "$1" && TOUCHLINE_POWER_FOLDER="$work/data" strace -f -o "$2" -xx -s 100000000 \
        -e trace=openat,open,creat,pwrite64,pwritev,pwritev2,write,writev,fsync,fdatasync,sync_file_range,ftruncate,fallocate,copy_file_range,sendfile,rename,renameat,renameat2,unlink,unlinkat,link,linkat \
        "$binary" --exact child --nocapture --test-threads=1 >"$work/out" 2>&1) || { tail -20 "$work/out"; exit 1; }
}

# Starts on images of the trace $1.
images() {
    TOUCHLINE_POWER_TRACE="$1" TOUCHLINE_POWER_TRACED="$work/data" "$binary" --exact images --nocapture >"$work/out" 2>&1
}

record "$root" "$work/trace"
if images "$work/trace"; then
    grep "^[0-9]* images" "$work/out"
else
    cat "$work/out"
    exit 1
fi

copy="$root/target/planted/power"
rm -rf "$copy" && mkdir -p "$copy"
(cd "$root" && tar cf - --exclude=./target --exclude=./.git .) | tar xf - -C "$copy"
(cd "$copy" && patch -s -p1 <"$here/synchronous_normal.patch")
# Another version is another package: it shares what others wrote and nothing of ours.
sed -i 's/^version = "\(.*\)"/version = "\1-power"/' "$copy/Cargo.toml"
touch "$copy/src/lib.rs"
record "$copy" "$work/trace.normal"
if images "$work/trace.normal"; then
    echo "MISSED  synchronous=NORMAL loses nothing: this shows nothing"
    exit 1
fi
grep "^[0-9]* images" "$work/out" | sed 's/^/the control, synchronous=NORMAL: /' || { cat "$work/out"; exit 1; }
