"""The binaries of the zips themselves, behind a Runtime API: tests/tests/functions of the workspace, run on what is deployed."""

import os
import struct
import subprocess
import zipfile

import pytest
from conftest import FUNCTIONS, REGION, ROOT, ZIPS


@pytest.fixture(scope="module")
def unpacked(tools, tmp_path_factory):
    """A folder for each function, with its `bootstrap`, as Lambda unpacks it."""
    folder = tmp_path_factory.mktemp("functions")
    for name in FUNCTIONS:
        with zipfile.ZipFile(ZIPS / f"{name}.zip") as archive:
            assert archive.getinfo("bootstrap").external_attr >> 16 & 0o111, f"{name} is not executable"
            (folder / name / "bootstrap").parent.mkdir()
            (folder / name / "bootstrap").write_bytes(archive.read("bootstrap"))
            (folder / name / "bootstrap").chmod(0o755)
    return folder


# KiB of a zip, 4 MB: what a cold start has to fetch. Whoever needs more for something that is worth it raises the number.
BUDGET_KIB = {name: 3906 for name in FUNCTIONS}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_zip_is_within_its_budget(tools, name):
    kib = (ZIPS / f"{name}.zip").stat().st_size / 1024
    assert kib <= BUDGET_KIB[name], f"{name}.zip has {kib:.0f} KiB, {kib - BUDGET_KIB[name]:.0f} KiB more than its budget"


def section_bytes(binary, name):
    """The size of a section of a 64-bit little-endian ELF file."""
    offset, size, count, names = *struct.unpack_from("<Q", binary, 40), *struct.unpack_from("<HHH", binary, 58)
    headers = [struct.unpack_from("<IIQQQQ", binary, offset + n * size) for n in range(count)]
    for name_at, _, _, _, _, length in headers:
        start = headers[names][4] + name_at
        if binary[start : binary.index(b"\0", start)] == name:
            return length
    raise AssertionError(f"no section {name}")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_panic_unwinds_so_that_it_can_be_reported(unpacked, name):
    # What to clean up where, for all code: over 200 KB. With `panic = "abort"` it is that of the standard library alone, 5 KB.
    assert section_bytes((unpacked / name / "bootstrap").read_bytes(), b".gcc_except_table") > 100_000


def run(capsys, unpacked, **variables):
    # The whole workspace, as `cargo test --workspace` has built it: with one package alone Cargo would choose other features.
    command = ["cargo", "test", "--workspace", "--locked", "--test", "functions"]
    environment = {**os.environ, "FUNCTIONS_DIR": str(unpacked), **variables}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed
    told = [line for line in printed.splitlines() if line.startswith(("cold start", "test result"))]
    with capsys.disabled():
        print("", *told, sep="\n")


def test_the_functions_work_over_the_embedded_s3(capsys, unpacked):
    run(capsys, unpacked)


def test_the_functions_work_over_moto(capsys, unpacked, cloud):
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    run(capsys, unpacked, SUITE_ENDPOINT=cloud.endpoint, AWS_REGION=REGION, **keys)
