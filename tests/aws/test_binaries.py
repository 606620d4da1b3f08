"""The binaries of the zips themselves, behind a Runtime API: tests/tests/functions of the workspace, run on what is deployed."""

import os
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
