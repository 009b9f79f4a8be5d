#!/usr/bin/env bash
# Fuzzes the event parsers, each target for FUZZ_SECONDS, starting from the committed corpus. libFuzzer needs a C++
# compiler. With a nightly toolchain the address sanitizer also checks the dependencies' unsafe code.
#
# `scripts/fuzz.sh keep` adds the most useful inputs of earlier runs to the committed corpus.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${FUZZ_SECONDS:-60}
case $seconds in
    "" | *[!0-9]*) echo "FUZZ_SECONDS must be a whole number of seconds, not \`$seconds\`" >&2; exit 2 ;;
esac

crate=$PWD/crates/toolgate/fuzz
# Found inputs and failures stay outside of the repository.
work=$(mkdir -p "${CARGO_TARGET_DIR:-target}/fuzz" && cd "${CARGO_TARGET_DIR:-target}/fuzz" && pwd)
host=$(rustc -vV | sed -n 's/^host: //p')

# The flags of `cargo fuzz`. Only the sanitizer's flag is not available on stable.
flags="--cfg=fuzzing -Cpasses=sancov-module"
for option in level=4 inline-8bit-counters pc-table trace-compares; do
    flags+=" -Cllvm-args=-sanitizer-coverage-$option"
done
if rustup toolchain list 2>/dev/null | grep -q '^nightly'; then
    toolchain=(+nightly)
    name=nightly
    flags+=" -Zsanitizer=address"
    # The default keeps 256 MB of freed memory, which would hide our own use.
    export ASAN_OPTIONS="${ASAN_OPTIONS:-quarantine_size_mb=16:detect_leaks=0}"
else
    toolchain=()
    name=default
    echo "no nightly toolchain: the address sanitizer is off; \`rustup toolchain install nightly\` enables it" >&2
fi
# An explicit target keeps the flags away from build scripts.
(cd "$crate" && CARGO_ENCODED_RUSTFLAGS="${flags// /$'\x1f'}" CARGO_TARGET_DIR="$work/$name" \
    cargo ${toolchain[@]+"${toolchain[@]}"} build --release --bins --target "$host")

status=0
for target in dispatch parameters; do
    binary=$work/$name/$host/release/$target
    found=$work/corpus/$target
    failed=$work/failed/$target
    mkdir -p "$found" "$failed"
    if [[ ${1:-} == keep ]]; then
        # Edges only, without counters, because only a few files are selected.
        rm -rf "$work/merged" "$work/control"
        mkdir "$work/merged"
        "$binary" -merge=1 -use_counters=0 -max_len=2048 -merge_control_file="$work/control" \
            "$work/merged" "$crate/corpus/$target" "$found" 2> "$work/keep-$target.log"
        "${PYTHON:-python3}" scripts/fuzz_corpus.py "$work/control" "$crate/corpus/$target"
        continue
    fi
    echo "$target: $seconds seconds"
    # libFuzzer fails on a panic, after ten seconds on one input, and beyond 512 MB of memory.
    if ! "$binary" "$found" "$crate/corpus/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=512 \
        -max_len=16384 -len_control=0 -dict="$crate/words.dict" -artifact_prefix="$failed/" -print_final_stats=1 \
        > "$work/$target.log" 2>&1; then
        { grep -m 1 -A 3 'panicked at' "$work/$target.log" || tail -n 20 "$work/$target.log"; } >&2
        echo "$target failed; the input is in $failed; run it again with \`$binary FILE\`" >&2
        status=1
        continue
    fi
    grep -E '^(Done|stat::(average_exec|peak_rss|slowest))' "$work/$target.log" | sed 's/^/  /'
done
exit $status
