#!/usr/bin/env python3
"""The long run: every test of docs/SEMANTICS.md that has larger numbers to offer, and the fuzzers.

    tests/soak.py                   about an hour on 2 cores
    SOAK_MINUTES=5 tests/soak.py    the same with smaller numbers
    tests/soak.py kills model       these parts alone

A part that fails does not end the run. At the end a table is printed, in Markdown, of what the parts have counted
(end_to_end_tests::soak); the exit code is 1 if a part failed, or anything was lost, overwritten or panicked.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGUN = time.monotonic()
MINUTES = float(os.environ.get("SOAK_MINUTES", "60"))
TESTS = ["crash_points", "model", "kills", "attacks", "big"]
BINARIES = ["unpack-attachments", "process-file", "uncompress-file", "convert-file", "sweep", "pipeline"]
# Summed over all parts; of the peaks the largest counts.
COUNTS = {
    "histories": "Histories of the model",
    "kills": "Processes killed",
    "crash_points": "Crash points",
    "faults": "Faults injected",
    "attacks": "Attacks",
    "fuzz_executions": "Fuzz executions",
    "emails": "Emails",
    "losses": "**Losses**",
    "overwrites": "**Overwrites**",
    "panics": "**Panics**",
    "peak_mib": "Largest peak memory (MiB)",
}
MUST_BE_NONE = ["losses", "overwrites", "panics"]


def run(*command, **variables):
    """Runs a command and tells whether it has succeeded."""
    print(f"\n$ {' '.join(command)}", flush=True)
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **variables}).returncode == 0


def build():
    packages = [argument for binary in BINARIES for argument in ("-p", binary)]
    return run("cargo", "build", "--release", *packages)


def test(name):
    options = ["--nocapture", "--include-ignored"]
    return run("cargo", "test", "--release", "-p", "end-to-end-tests", "--test", name, "--", *options, SOAK="1")


def fuzz():
    """The fuzzers get the rest of the time, and a quarter of it at least."""
    targets = len(list((ROOT / "fuzz/fuzz_targets").glob("*.rs")))
    seconds = max(MINUTES * 60 / 4, MINUTES * 60 - (time.monotonic() - BEGUN))
    return run("fuzz/run.sh", str(max(1, round(seconds / targets))))


def replay():
    return run("cargo", "test", "--release", "-p", "fuzz-targets", SOAK="1")


def parts():
    """What is run, by name."""
    tests = {name: lambda name=name: test(name) for name in TESTS}
    if shutil.which("cargo-fuzz"):
        return {**tests, "fuzz": fuzz}
    return {**tests, "fuzz (no cargo-fuzz here: the seeds alone)": replay}


def main():
    chosen = sys.argv[1:]
    unknown = set(chosen) - {name.split()[0] for name in parts()}
    if unknown:
        sys.exit(f"no part is called {', '.join(unknown)}: there are {', '.join(parts())}")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.jsonl"
        report.touch()
        os.environ.update(SOAK_REPORT=str(report), SOAK_MINUTES=str(MINUTES))
        for name, part in {"build": build, **parts()}.items():
            if name == "build" or not chosen or name.split()[0] in chosen:
                started = time.monotonic()
                passed = part()
                rows.append((name, (time.monotonic() - started) / 60, passed))
        counts = sums(report)
    table(counts, rows)
    return all(passed for _, _, passed in rows) and not any(counts.get(key) for key in MUST_BE_NONE)


def sums(report):
    counts = {}
    for line in report.read_text().splitlines():
        for key, count in json.loads(line).items():
            both = (counts.get(key, 0), count)
            counts[key] = max(both) if key == "peak_mib" else sum(both)
    return counts


def table(counts, rows):
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    minutes = sum(minutes for _, minutes, _ in rows)
    print(f"\nOn {date.today()}, with {os.cpu_count()} cores and {memory:.0f} GiB of memory, in {minutes:.0f} minutes:")
    print("\n| counted | |\n|---|---:|")
    for key, what in COUNTS.items():
        print(f"| {what} | {format(counts[key], ',') if key in counts else 'not counted'} |")
    print("\n| part | minutes | |\n|---|---:|---|")
    for name, minutes, passed in rows:
        print(f"| {name} | {minutes:.1f} | {'passed' if passed else '**failed**'} |")


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
