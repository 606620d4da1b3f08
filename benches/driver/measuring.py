"""One run of a program, and many of several."""

import dataclasses
import hashlib
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import tempfile

from . import places


@dataclasses.dataclass
class Run:
    """What one run took. CPU is user and system time of the process and its children."""

    cpu: float
    wall: float
    peak_mb: float


class Failed(Exception):
    """A program that did not do its work."""


def memory_folder():
    """Where files are written that nobody keeps: in memory, so that no disk is measured."""
    return "/dev/shm" if os.path.isdir("/dev/shm") else None


def run(command, cpu_limit, stdout=subprocess.DEVNULL):
    """Runs a command; `{out}` in it is a new empty folder."""
    out = tempfile.mkdtemp(prefix="bench-", dir=memory_folder())
    try:
        return run_in(command, cpu_limit, stdout, out)
    finally:
        shutil.rmtree(out, ignore_errors=True)


def run_in(command, cpu_limit, stdout, out):
    with tempfile.NamedTemporaryFile(dir=out, suffix=".measured", delete=False) as result:
        pass
    inner = os.path.join(out, "out")
    os.mkdir(inner)
    command = [part.replace("{out}", inner) for part in command]

    def limited():
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_limit, cpu_limit + 5))

    try:
        done = subprocess.run(
            [str(places.MEASURE), result.name, *command],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            preexec_fn=limited,
            timeout=cpu_limit * 20,
        )
        measured = json.loads(pathlib.Path(result.name).read_text() or "{}")
    except subprocess.TimeoutExpired:
        raise Failed(f"did not end in {cpu_limit * 20} s") from None
    if not measured:
        raise Failed(last_line(done.stderr))
    cpu = measured["user"] + measured["system"]
    if done.returncode != 0:
        raise Failed(f"gave up after {cpu_limit} s of CPU" if cpu >= cpu_limit else last_line(done.stderr))
    return Run(cpu, measured["wall"], measured["peak_kib"] * 1024 / 1e6)


def last_line(stderr):
    lines = stderr.decode(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else "failed without a word"


@dataclasses.dataclass
class Result:
    """What became of one program of a row."""

    name: str
    ours: bool = False
    runs: list = dataclasses.field(default_factory=list)
    problem: str | None = None
    output: str = ""
    # What it wrote, if that was kept.
    text: bytes | None = None

    def median(self, what):
        return statistics.median(getattr(run, what) for run in self.runs)

    @property
    def cpu(self):
        return self.median("cpu")

    @property
    def wall(self):
        return self.median("wall")

    @property
    def peak_mb(self):
        return self.median("peak_mb")


def alternate(entries, runs, progress):
    """Runs each of the entries as often as it says, by turns, and gives their results."""
    results = {entry.name: Result(entry.name, entry.ours) for entry in entries}
    for turn in range(runs):
        for entry in entries:
            result = results[entry.name]
            if result.problem or turn >= (entry.runs or runs):
                continue
            progress(f"{entry.name} ({turn + 1})")
            try:
                # What takes long runs but once, and its output is kept of that.
                stdout = tempfile.TemporaryFile(dir=memory_folder()) if entry.runs == 1 else subprocess.DEVNULL
                result.runs.append(run(entry.command, entry.cpu_limit, stdout))
                if entry.runs == 1:
                    stdout.seek(0)
                    result.text = stdout.read()
            except Failed as failed:
                result.problem = str(failed)
    return results


def output_of(entry, whole):
    """The SHA-256 of what an entry writes, to the standard output or else to files (in the order of their names), and if asked the whole."""
    out = tempfile.mkdtemp(prefix="bench-", dir=memory_folder())
    digest = hashlib.sha256()
    try:
        path = pathlib.Path(out) / "stdout"
        with open(path, "wb") as stdout:
            run_in(entry.command, entry.cpu_limit, stdout, out)
        files = [path] if path.stat().st_size else sorted((pathlib.Path(out) / "out").rglob(entry.files))
        for file in files:
            with open(file, "rb") as content:
                while piece := content.read(1 << 20):
                    digest.update(piece)
        return digest.hexdigest(), path.read_bytes() if whole else b""
    finally:
        shutil.rmtree(out, ignore_errors=True)
