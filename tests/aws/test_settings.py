"""What an operator sets: read from the right place, checked, and refused in one message that names everything that is wrong."""

import re

import pytest
from conftest import ROOT
from templates import buckets, functions


def test_everything_that_is_wrong_is_said_at_once(package):
    wrong = {
        "STACK_REGION": "London",
        "SES_REGION": "Ireland",
        "BUCKET_PREFIX": "ES_",
        "LAMBDA_ARCHITECTURE": "mips",
        "TRACING": "yes",
        "LOG_RETENTION_DAYS": "31",
        "CONCURRENCY_SWEEP": "-1",
        "MAIL_DOMAINS": "me@example.org",
        "RECEIPT_RULE": "by-hand",
        "AREAS": "sheffield,archive-bam",
        "DOWNLOAD_LINKS": "ftp://a.example/",
        "REJECT_SPAM": "perhaps",
        "KEY_LAYOUT": "nested",
        "SHEETS": "second",
        "LOG_LEVEL": "loud",
        "LIMIT_DEPTH": "16",
        "LIMIT_MEMBERS": "many",
        "LIMIT_ARCHIVE_BYTES": "4 GiB",
        "UNPROCESSABLE_EXPIRY_DAYS": "0",
        "SWEEP_AFTER_MINUTES": "soon",
        "SWEEP_LIMIT": "1.5",
        "SWEEP_SINCE": "yesterday",
        "REJECT_EMAILS": "us",
        "REPLY_TO_SUPPLIERS": "sometimes",
        "REPLY_FROM": "Us <data@example.org>",
    }
    refused = package.refuses("test", **wrong)
    problems = [line for line in refused.splitlines() if line.startswith("    - ")]
    for name in wrong:
        assert any(name in problem for problem in problems), f"{name} is missing in: {refused}"
    assert len(problems) == len(wrong), refused
    assert refused.count("the settings are wrong") == 1, refused
    assert "settings.js:" not in refused, "where the check stands helps nobody"


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"INBOX_EXPIRY_DAYS": "401"}, "RECEIPTS_EXPIRY_DAYS (400) is less than INBOX_EXPIRY_DAYS (401)"),
        ({"RECEIPTS_EXPIRY_DAYS": "399"}, "RECEIPTS_EXPIRY_DAYS (399) is less than INBOX_EXPIRY_DAYS (400)"),
        ({"INBOX_EXPIRY_DAYS": "14"}, "INBOX_EXPIRY_DAYS (14) is not more than SWEEP_INBOX_DAYS (14)"),
        ({"SWEEP_INBOX_DAYS": "400"}, "INBOX_EXPIRY_DAYS (400) is not more than SWEEP_INBOX_DAYS (400)"),
        ({"REPLY_TO_SUPPLIERS": "true"}, "REPLY_TO_SUPPLIERS is true, but REPLY_FROM is not set"),
        ({"BUCKET_PREFIX": "p" * 40}, "more than the 63 characters that S3 allows"),
        ({"AREAS": ",".join(f"area-{number:04}" for number in range(500))}, "Lambda allows 4096"),
    ],
)
def test_values_that_do_not_go_together_are_refused(package, variables, problem):
    assert problem in package.refuses("test", **variables)


def test_blanks_count_as_not_set(package):
    assert package(KEY_LAYOUT=" ", STACK_REGION="", BUCKET_PREFIX="", LOG_RETENTION_DAYS=" ")["Resources"].keys() == package()["Resources"].keys()


def test_the_file_of_a_stage_is_read_for_that_stage_only(make_project):
    project = make_project()
    (project.folder / ".env.test").write_text("BUCKET_PREFIX=council # ours\nINBOX_EXPIRY_DAYS='300'\n# SHEETS=all\nLOG_LEVEL=debug\n")
    assert buckets(project.package("test"))["inbox"]["Properties"]["BucketName"] == "council-test-data-inbox"
    assert "LOG_LEVEL" not in functions(project.package("production"))["sweep"]["Environment"]["Variables"]
    # The environment goes first, so that CI can set what a file sets for people.
    assert functions(project.package("test", LOG_LEVEL="warn"))["sweep"]["Environment"]["Variables"]["LOG_LEVEL"] == "warn"


def test_a_stage_of_ones_own_needs_its_file_so_that_a_typing_error_is_none(make_project):
    project = make_project()
    assert 'the stage "prodution" is none of development, test, production' in project.refuses("prodution")
    assert "lower-case" in project.refuses("Production")
    (project.folder / ".env.staging").touch()
    assert buckets(project.package("staging"))["inbox"]["Properties"]["BucketName"] == "es-staging-data-inbox"


def test_the_region_has_one_place(make_project):
    project = make_project()
    done = project.run("node_modules/.bin/sls", "package", "--region", "us-east-1")
    assert done.returncode != 0
    assert "set STACK_REGION" in done.stdout + done.stderr
    assert "(eu-west-1)" in project.sls("package", "test", STACK_REGION="eu-west-1")


def test_the_example_names_every_variable_and_its_default_is_accepted(make_project):
    """Every line of `.env.example` that sets something, taken as it stands."""
    project = make_project()
    example = (ROOT / ".env.example").read_text()
    read = set(re.findall(r"'([A-Z][A-Z_]{3,})'", (ROOT / "deploy/settings.js").read_text())) - {"CONCURRENCY_"}
    named = set(re.findall(r"^#?([A-Z][A-Z_]+)=", example, re.MULTILINE))
    assert read - named == set()
    lines = re.sub(r"^#(?=[A-Z][A-Z_]+=)", "", example, flags=re.MULTILINE)
    (project.folder / ".env.production").write_text(re.sub(r"^AWS_ENDPOINT_URL=.*$", "", lines, flags=re.MULTILINE))
    project.package("production")
