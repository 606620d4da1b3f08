#!/usr/bin/env python3
"""Measures ours and the peers, alternating, and writes the table of docs/PERFORMANCE.md.

    benches/run.py                     all rows; about ten minutes on two idle cores
    benches/run.py --only csv,zip      rows whose key begins so, printed and not written to the page
    benches/run.py --quick             inputs of a twentieth of the size, two runs each: to try the driver

Rows: csv-utf-8, csv-utf-16, csv-windows-1252, xlsx, xlsx-strings, xlsx-<shape>, xls, zip-large, zip-small, email-large, email-fifty,
mailbox, starts.

CPU time (user and system, of the process and its children) is the measure: unlike the time by the clock, other work on the machine changes
it little. Standard library only; the peers are built with cargo, and installed from PyPI into target/bench/venv and (as root) with apt.
What cannot be had is named in the table.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from driver import agreement, mailbox, measuring, places, report, rows, starts, tools  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="keys of rows, or their beginnings, with commas between")
    parser.add_argument("--runs", type=int, help="how often each program runs (5)")
    parser.add_argument("--quick", action="store_true", help="small inputs, two runs")
    parser.add_argument("--ours", action="store_true", help="without any peer")
    parser.add_argument("--fast", action="store_true", help="without the peers that run only once, since they take long")
    parser.add_argument("--no-build", action="store_true", help="measure what is built")
    parser.add_argument("--no-install", action="store_true", help="measure the peers that are there")
    parser.add_argument("--no-package", action="store_true", help="do not build the functions as they are shipped")
    options = parser.parse_args()
    scale = 5 if options.quick else 100
    runs = options.runs or (2 if options.quick else 5)
    wanted = options.only.split(",") if options.only else [""]

    def is_wanted(key):
        return any(key == want or key.startswith(want) for want in wanted)

    if not options.no_build:
        progress("building ours and the reference programs")
        tools.build()
    if not options.no_install and not options.ours:
        progress("installing peers")
        tools.install()
    inputs = made_inputs(scale)

    table = report.Report(scale)
    for row in rows.all_rows(str(inputs)):
        if is_wanted(row.key):
            measure(row, runs, options, table)
    if is_wanted("mailbox"):
        table.mailbox(mailbox.measure(inputs, min(runs, 3), progress), mailbox.Mailbox.read(inputs))
    if is_wanted("starts"):
        if not options.no_package and not options.quick:
            progress("building the functions as they are shipped")
            starts.package()
        progress("functions")
        table.starts([starts.measure(name, 2 * runs + 1) for name in starts.FUNCTIONS], starts.zip_mb())

    clear_progress()
    print(table.text())
    if not options.only and not options.quick and not options.ours and not options.fast:
        report.write(table.text())
        print(f"\nwritten to {places.PAGE.relative_to(places.ROOT)}", file=sys.stderr)


def measure(row, runs, options, table):
    progress(row.title)
    results = {}
    able = []
    for entry in row.entries:
        if (options.ours and not entry.ours) or (options.fast and entry.runs == 1):
            continue
        reason = tools.missing(entry.needs)
        results[entry.name] = measuring.Result(entry.name, entry.ours, problem=reason)
        if not reason:
            able.append(entry)
    results.update(measuring.alternate(able, runs, progress))
    progress(f"{row.title}: comparing outputs")
    agreement.compare(able, results)
    table.row(row, {entry.name: results[entry.name] for entry in row.entries if entry.name in results})


def made_inputs(scale):
    """The folder of inputs of a scale, made anew when the program that makes them has changed."""
    folder = places.WORK / f"inputs-{scale}"
    program = places.TARGET / "release" / "inputs"
    mark = folder / "made-by"
    made_by = str(program.stat().st_mtime_ns)
    if not mark.exists() or mark.read_text() != made_by:
        progress("making inputs")
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([str(program), str(folder), str(scale)], check=True)
        mark.write_text(made_by)
    return folder


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text[:110]}", end="", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)


def clear_progress():
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
