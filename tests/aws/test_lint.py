"""The packaged templates satisfy cfn-lint, and the lock file names no machine's mirror."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

MAIL = {"MAIL_DOMAINS": "example.org", "RECEIPT_RULE_SET": "inbound"}


def lint(template, region, folder):
    path = folder / "template.json"
    path.write_text(json.dumps(template))
    command = [Path(sys.executable).with_name("cfn-lint"), "--regions", region, "--template", path]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_stack_of_each_stage_is_clean(template, tmp_path):
    done = lint(template, "eu-west-2", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("variables", [{**MAIL, "TRACING": "true", "CONCURRENCY_SWEEP": "2", "ALARM_EMAILS": "ops@example.org",
              "REJECT_EMAILS": "ops@example.org", "REPLY_TO_SUPPLIERS": "true", "REPLY_FROM": "data@example.org"}])
def test_the_stack_with_everything_in_it_is_clean(package, variables, tmp_path):
    done = lint(package("production", **variables), "eu-west-2", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_mail_stack_is_clean(package, tmp_path):
    done = lint(package("production", "serverless-mail.yml", **MAIL, SES_REGION="eu-west-1"), "eu-west-1", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lock_file_says_what_but_not_from_where():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert not [name for name, each in packages.items() if "resolved" in each]
    assert all("integrity" in each for name, each in packages.items() if name)
    pinned = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in pinned.values())
