"""Builds what is ours, and finds or installs the peers. What cannot be had is a reason, never an error."""

import os
import shutil
import subprocess
import sys

from . import places

# Command, and the Debian package that has it.
COMMANDS = {
    "ssconvert": "gnumeric",
    "unzip": "unzip",
    "7z": "p7zip-full",
    "bsdtar": "libarchive-tools",
    "ripmime": "ripmime",
    "munpack": "mpack",
    "iconv": "libc-bin",
}
# What is imported or run, and the package on PyPI that has it.
PYTHON_PACKAGES = ["xlsx2csv", "csvkit", "pandas", "openpyxl", "polars", "fastexcel", "xlrd"]


def build():
    """Builds our programs, the reference programs and the one that measures."""
    cargo(places.ROOT, "--locked", "--package", "benches", "--package", "pipeline", "--bins")
    cargo(places.PEERS, "--locked")


def cargo(folder, *arguments):
    environment = {name: value for name, value in os.environ.items() if name != "CARGO_TARGET_DIR"}
    command = ["cargo", "build", "--release", "--quiet", *arguments]
    subprocess.run(command, cwd=folder, check=True, env=environment)


def install():
    """Installs what is missing, as far as this machine allows."""
    missing = [package for command, package in COMMANDS.items() if not shutil.which(command)]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        attempt(["apt-get", "update"], environment)
        for package in missing:
            attempt(["apt-get", "install", "--yes", "--no-install-recommends", package], environment)
    if not (places.VENV / "bin" / "pip").exists():
        attempt([sys.executable, "-m", "venv", str(places.VENV)])
    for package in PYTHON_PACKAGES:
        if not has_package(package):
            attempt([str(places.VENV / "bin" / "pip"), "install", "--quiet", package])


def attempt(command, environment=None):
    try:
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"not installed: {' '.join(command)}: {error}", file=sys.stderr)


def has_package(package):
    return any(places.VENV.glob(f"lib/python3*/site-packages/{package}-*.dist-info"))


def missing(needs):
    """Why a peer cannot run, or nothing. `needs` are commands, and packages of Python as `python:NAME`."""
    for need in needs:
        if need.startswith("python:"):
            if not has_package(need.removeprefix("python:")):
                return f"{need.removeprefix('python:')} is not installed"
        elif not shutil.which(need):
            return f"{need} is not installed"
    return None


def python():
    """The interpreter that has the packages, else this one."""
    ours = places.VENV / "bin" / "python"
    return str(ours if ours.exists() else sys.executable)
