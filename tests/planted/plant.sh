# What both run.sh begin with: a scratch copy of the tree with all bugs planted in it. Sourced, not run.
# Wants: here (the folder of patches), root, copy. Each patch asks `crate::planted("its name")` whether it is meant.

# Plants the named bugs. The first argument is what tar unpacks with: `xmf` gives files of now, `xf` their own dates.
plant() {
    unpack="$1"
    shift
    rm -rf "$copy" && mkdir -p "$copy"
    (cd "$root" && tar cf - --exclude=./target --exclude=./.git .) | tar "$unpack" - -C "$copy"
    cat >>"$copy/src/lib.rs" <<'PLANTED'

/// Tells whether a bug is planted.
pub fn planted(bug: &str) -> bool {
    static PLANTED: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    PLANTED.get_or_init(|| std::env::var("TOUCHLINE_PLANTED").unwrap_or_default()) == bug
}
PLANTED
    for name in "$@"; do
        if ! (cd "$copy" && patch -s -p1 <"$here/$name.patch"); then
            echo "stale   $name: the patch no longer applies"
            exit 1
        fi
    done
}
