"""The table of docs/PERFORMANCE.md."""

import datetime
import os
import pathlib
import platform
import subprocess

from . import mailbox, places

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


class Report:
    """Lines of Markdown: a summary of the targets, then a table for every row."""

    def __init__(self, scale):
        self.summary = []
        self.tables = []
        self.scale = scale

    def verdict(self, work, target, measured, met):
        self.summary.append(f"| {work} | {target} | {measured} | {'yes' if met else '**no**'} |")

    def row(self, row, results):
        """One input: all its programs, and what that says about the targets."""
        own = results["ours"]
        size = os.path.getsize(row.input) / 1e6
        lines = [f"### {row.title}", "", f"Input: {size:.1f} MB.", ""]
        lines += ["| program | CPU s | wall s | peak MB | ours is faster by | output |", "|---|---:|---:|---:|---:|---|"]
        for result in results.values():
            if result.problem or not result.runs:
                lines.append(f"| {result.name} | | | | | not measured: {result.problem} |")
                continue
            times = "" if result.ours or own.problem else f"{result.cpu / own.cpu:.1f}"
            runs = "" if len(result.runs) > 1 else " (one run)"
            lines.append(
                f"| {result.name}{runs} | {result.cpu:.3f} | {result.wall:.2f} | {result.peak_mb:.1f} | {times} | {result.output} |"
            )
        self.tables.append("\n".join(lines))
        if own.problem:
            self.verdict(row.title, "", f"ours failed: {own.problem}", False)
            return
        for target in row.targets:
            rivals = [results[name] for name in target.of if name in results and results[name].runs and not results[name].problem]
            if not rivals:
                self.verdict(row.title, f"{target.factor}x {target.what}", "not compared", False)
                continue
            best = min(rivals, key=lambda rival: rival.cpu)
            factor = best.cpu / own.cpu
            self.verdict(
                row.title,
                f"{target.factor}x {target.what}",
                f"{factor:.1f}x ({own.cpu:.3f} s; {best.name} {best.cpu:.3f} s)",
                factor >= target.factor,
            )
        self.memory(row, results, own, size)

    def memory(self, row, results, own, size):
        if row.peak_part:
            part, name = row.peak_part
            rival = results.get(name)
            if rival and rival.runs:
                most = part * rival.peak_mb
                self.verdict(row.title, f"≤ {part} of calamine's memory", f"{own.peak_mb:.1f} of {rival.peak_mb:.1f} MB", own.peak_mb <= most)
        most = row.peak_mb or (row.peak_beyond and size + row.peak_beyond)
        if most:
            self.verdict(row.title, f"≤ {most:.0f} MB", f"{own.peak_mb:.1f} MB", own.peak_mb <= most)

    def mailbox(self, result, box):
        title = f"`pipeline run`, {box.emails:,} mixed supplier emails ({box.email_mb:.0f} MB), embedded S3 included"
        if result.problem:
            self.verdict(title, "50x the Ruby original", f"failed: {result.problem}", False)
            return
        ruby = box.ruby_seconds()
        self.verdict(
            title,
            "50x the Ruby original's handlers",
            f"{ruby / result.cpu:.0f}x ({result.cpu:.1f} s CPU, {result.wall:.1f} s by the clock)",
            ruby / result.cpu >= 50,
        )
        self.verdict(title, "≤ 200 MB", f"{result.peak_mb:.0f} MB", result.peak_mb <= 200)
        self.tables.append(
            f"### {title}\n\n"
            f"Ruby's handlers, by the rates that were measured of them ({mailbox.RUBY_CLEANING} MB/s cleaning, {mailbox.RUBY_SPREADSHEETS} MB/s spreadsheets at "
            f"best, {mailbox.RUBY_UNZIPPING} MB/s unzipping): {box.csv_mb:.1f} MB of CSV and {box.unzipped_mb:.1f} MB of CSV in zips cleaned, "
            f"{box.workbook_mb:.1f} MB of workbooks converted, {box.unzipped_mb:.1f} MB unzipped = {ruby:.0f} s. Reading the emails, and its cold starts "
            f"(0.74 s each), are not counted.\n\n"
            f"Ours: {result.cpu:.2f} s of CPU, S3's server, hashing and receipts included; {result.wall:.1f} s by the clock; {result.peak_mb:.0f} MB."
        )

    def starts(self, results, sizes):
        lines = ["### `bootstrap`: exec to first poll of the Runtime API", ""]
        lines += ["| function | CPU ms | wall ms | peak MB | zip MB |", "|---|---:|---:|---:|---:|"]
        for result in results:
            if result.problem or not result.runs:
                lines.append(f"| {result.name} | | | | not measured: {result.problem} |")
                continue
            zipped = sizes.get(result.name, 0)
            lines.append(f"| {result.name} | {result.cpu * 1e3:.1f} | {result.wall * 1e3:.0f} | {result.peak_mb:.1f} | {zipped:.2f} |")
        self.tables.append("\n".join(lines))
        measured = [result for result in results if result.runs and not result.problem]
        title = "`bootstrap`: exec to first poll"
        if len(measured) < len(results):
            self.verdict(title, "≤ 15 ms CPU, ≤ 16 MB, zip ≤ 4 MB", "not all were measured", False)
            return
        for what, most, unit, worst in [
            ("CPU", 15, "ms", max(result.cpu for result in measured) * 1e3),
            ("memory", 16, "MB", max(result.peak_mb for result in measured)),
            ("zip", 4, "MB", max(sizes.values())),
        ]:
            self.verdict(title, f"{what} ≤ {most} {unit}", f"{worst:.1f} {unit} at most", worst <= most)

    def text(self):
        head = f"Measured {datetime.date.today().isoformat()} at {commit()} on {machine()}."
        if self.scale != 100:
            head += f" **Only a trial: inputs of {self.scale} % of their size.**"
        table = "| work | target | measured | met |\n|---|---|---|---|\n" + "\n".join(self.summary)
        return "\n\n".join([head, "## Targets", table, "## All rows", *self.tables])


def commit():
    named = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=places.ROOT, capture_output=True, text=True)
    return f"commit {named.stdout.strip()}" if named.returncode == 0 else "an unknown commit"


def machine():
    model = "an unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores ({model}, {platform.machine()}), {memory:.0f} GiB, {platform.system()} {platform.release().split('-')[0]}"


def write(text, page=places.PAGE):
    """Puts the table between its marks on the page."""
    whole = page.read_text()
    before, rest = whole.split(BEGIN)
    _, after = rest.split(END)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
