#!/usr/bin/env bash
# Runs the fuzzers one after another: fuzz/run.sh SECONDS_PER_TARGET [TARGET…]
#
# Prints one line for each: executions, executions a second, new entries of its corpus, crashes. What is found lies in
# fuzz/artifacts; the growing corpora lie in fuzz/target/corpus, and the next run goes on from them. Ends with an error if
# anything was found. If SOAK_REPORT names a file, the numbers are appended to it as a line of JSON.
set -euo pipefail

seconds=${1:?usage: fuzz/run.sh SECONDS_PER_TARGET [TARGET…]}
shift
fuzz=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$fuzz")
cd "$fuzz"
if [ $# -eq 0 ]; then
    set -- email workbook archive package xls csv tnef html_table spreadsheet_ml header link kind event file_name smtp reply
fi

# Dependencies in the versions that are shipped. Without a nightly toolchain the stable one is told to be one.
cp "$root/Cargo.lock" Cargo.lock
if cargo +nightly --version >/dev/null 2>&1; then
    cargo=(cargo +nightly)
else
    export RUSTC_BOOTSTRAP=1
    cargo=(cargo)
fi
"${cargo[@]}" fuzz build >/dev/null
programs=$(dirname "$(find target/ -path '*/release/email' -type f | head -n 1)")

# Sheets are kept in temporary files: those should cost no disk.
if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ]; then
    export TMPDIR=/dev/shm
fi
# Freed memory is kept for a while to find its use; more than this would pass for memory that the parser holds.
# libdeflate compiles one file several times, with tables of its own each: no violation of the one-definition rule.
export ASAN_OPTIONS=${ASAN_OPTIONS:-quarantine_size_mb=16:detect_leaks=0:allocator_may_return_null=0:detect_odr_violation=0}

# Files that other tests read are seeds as well.
golden() {
    case $1 in
        email) echo "$root/crates/unpack-attachments/tests/golden" ;;
        archive) echo "$root/crates/uncompress-file/tests/golden" ;;
        workbook) echo "$root/crates/convert-file/tests/golden" ;;
        csv) echo "$root/crates/process-file/tests/golden" ;;
        kind) echo "$root/crates/pipeline-core/tests/golden-kinds" ;;
    esac
}

all_executions=0
all_crashes=0
printf '%-15s %12s %8s %8s %8s\n' target executions exec/s new crashes
for target in "$@"; do
    corpus=target/corpus/$target
    artifacts=artifacts/$target
    log=target/$target.log
    mkdir -p "$corpus" "$artifacts"
    before=$(find "$corpus" -type f | wc -l)
    touch "$log.start"
    dictionary=()
    [ ! -f "dictionaries/$target.dict" ] || dictionary=("-dict=dictionaries/$target.dict")
    # shellcheck disable=SC2046
    "$programs/$target" "$corpus" "corpus/$target" $(golden "$target") "${dictionary[@]}" \
        -artifact_prefix="$artifacts/" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=512 -malloc_limit_mb=128 \
        -max_len=65536 -len_control=20 -print_final_stats=1 -verbosity=1 >"$log" 2>&1 || true
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    # A crash ends the run before the statistics; then the last status line tells.
    executions=${executions:-$(sed -n 's/^#\([0-9]*\).*/\1/p' "$log" | tail -n 1)}
    speed=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
    after=$(find "$corpus" -type f | wc -l)
    crashes=$(find "$artifacts" -type f -newer "$log.start" ! -name 'slow-unit-*' | wc -l)
    # Whatever else ended the run, it was not the end of its time.
    if [ "$crashes" -eq 0 ] && ! grep -q '^Done ' "$log"; then
        crashes=1
    fi
    printf '%-15s %12s %8s %8s %8s\n' "$target" "${executions:-0}" "${speed:--}" $((after - before)) "$crashes"
    all_executions=$((all_executions + ${executions:-0}))
    all_crashes=$((all_crashes + crashes))
done
if [ -n "${SOAK_REPORT:-}" ]; then
    printf '{"fuzz_executions": %d, "panics": %d}\n' "$all_executions" "$all_crashes" >>"$SOAK_REPORT"
fi
[ "$all_crashes" -eq 0 ]
