#!/usr/bin/env python3
"""The guard against getting slower: how many instructions the stages' pure code takes for five files, beside benches/instructions.json.

    benches/instructions.py             fails if a file takes over 5 % more or less than the baseline says
    benches/instructions.py --update    writes the baseline anew, for this kind of machine

Seconds depend on the machine and on what else it does; instructions do not, as callgrind counts them. Which ones a program chooses may depend on
the processor, but valgrind shows every x86-64 processor with AVX2 as the same one, without AVX-512. So a baseline is kept for each kind
of machine, and where there is none nothing is compared, which is said. What is counted is built by the profile `counted`: the code that reads
files as it goes to AWS. A newer compiler or C library may move the numbers: then the baseline is written anew, on purpose, and committed.
"""

import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BASELINE = ROOT / "benches/instructions.json"
TOLERANCE_PERCENT = 5
# Of the files that `inputs` makes: what `ours` is to do with which.
WORK = {
    "csv-utf-8": ("clean", "utf-8.csv"),
    "csv-utf-16": ("clean", "utf-16.csv"),
    "xlsx": ("convert", "half-hourly-excel.xlsx"),
    "zip": ("unzip", "ten-large.zip"),
    "email": ("unpack", "one-large.eml"),
}
# Percent of the sizes that are benchmarked: a CSV of 1 MB, for instance.
SCALE = "1"


def main():
    update = sys.argv[1:] == ["--update"]
    if sys.argv[1:] and not update:
        sys.exit(__doc__)
    machine = kind_of_machine()
    known = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    if machine not in known and not update:
        print(f"Not compared: {BASELINE.name} has no numbers of {machine} (`benches/instructions.py --update` adds them).")
        return
    compiler = output("rustc", "--version")
    counts = count()
    if update:
        known[machine] = {"compiler": compiler, "instructions": counts}
        BASELINE.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
        print(f"{BASELINE.name} has the numbers of {machine}:", *lines(counts, counts), sep="\n")
        return
    baseline = known[machine]
    print(f"Instructions on {machine}:", *lines(counts, baseline["instructions"]), sep="\n")
    problems = compare(counts, baseline["instructions"])
    if problems:
        if compiler != baseline["compiler"]:
            problems.append(f"The baseline is of {baseline['compiler']}, and this is {compiler}.")
        problems.append("If that is on purpose, write the baseline anew and commit it: benches/instructions.py --update")
        sys.exit("\n".join(problems))


def kind_of_machine():
    """Machines of one kind take the same instructions under valgrind."""
    if not sys.platform.startswith("linux"):
        return platform.platform()
    machine = platform.machine()
    if machine != "x86_64":
        return machine
    flags = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return f"{machine} with AVX2" if flags and "avx2" in flags.group(1).split() else machine


def count():
    """Instructions by file."""
    install_valgrind()
    subprocess.run(["cargo", "build", "--quiet", "--locked", "--profile", "counted", "--package", "benches", "--bins"], cwd=ROOT, check=True)
    target = json.loads(output("cargo", "metadata", "--no-deps", "--format-version", "1"))["target_directory"]
    programs = Path(target) / "counted"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([programs / "inputs", folder, SCALE], check=True)
        return {name: instructions(programs / "ours", work, folder) for name, work in WORK.items()}


def instructions(program, work, folder):
    # Nothing of this machine's environment, and no path of it: their lengths would count.
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(program), *work]
    done = subprocess.run(command, cwd=folder, env={"PATH": "/usr/bin:/bin"}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not collected:
        sys.exit(f"{' '.join(command)} has failed:\n{done.stderr}")
    return int(collected.group(1))


def install_valgrind():
    if shutil.which("valgrind"):
        return
    install = ["apt-get", "install", "--yes", "--quiet", "valgrind"]
    # In a container of CI we are root; a developer's machine is not ours to change.
    if shutil.which("apt-get") and output("id", "-u") == "0":
        subprocess.run(["apt-get", "update", "--quiet"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
    else:
        sys.exit(f"valgrind is missing, which counts the instructions: {' '.join(install)}")


def compare(counts, baseline):
    """A sentence for each file that takes much more or less than it did."""
    problems = []
    for name, now in counts.items():
        if name not in baseline:
            problems.append(f"{name} is not in the baseline.")
            continue
        change = percent(now, baseline[name])
        if abs(change) > TOLERANCE_PERCENT:
            problems.append(f"{name} needs {abs(change):.1f} % {'more' if change > 0 else 'fewer'} instructions than the baseline says.")
    problems.extend(f"{name} is in the baseline, but is counted no more." for name in baseline if name not in counts)
    return problems


def lines(counts, baseline):
    return [f"  {name:<12}{now:>14,}{percent(now, baseline.get(name, now)):>+8.1f} %" for name, now in counts.items()]


def percent(now, before):
    return (now / before - 1) * 100


def output(*command):
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
