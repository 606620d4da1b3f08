"""The functions: what they run, when, with what, and what becomes of an event that they fail on."""

import hashlib
import io
import zipfile

import pytest
from conftest import BUCKETS, FUNCTIONS, STAGE_FUNCTIONS, ZIPS
from templates import functions, of_type, properties, resolved

TRIGGERS = {"unpack-attachments": "inbox", "process-file": "process", "uncompress-file": "uncompressed", "convert-file": "spreadsheet"}


def test_the_six_functions_are_named_after_service_and_stage(template, stage):
    names = {each["FunctionName"] for each in properties(template, "AWS::Lambda::Function").values()}
    assert names == {f"data-pipeline-{stage}-{name}" for name in FUNCTIONS}


def test_development_is_the_default_stage(make_project):
    project = make_project()
    done = project.run("node_modules/.bin/sls", "package")
    assert done.returncode == 0, done.stderr
    assert "data-pipeline-development-sweep" in (project.folder / ".serverless/cloudformation-template-update-stack.json").read_text()


def test_they_run_on_arm64_or_on_what_the_variable_says(template, package):
    for each in functions(template).values():
        assert (each["Runtime"], each["Handler"], each["Architectures"]) == ("provided.al2023", "bootstrap", ["arm64"])
    for each in functions(package(LAMBDA_ARCHITECTURE="x86_64")).values():
        assert each["Architectures"] == ["x86_64"]


def test_each_has_code_of_its_own(template):
    keys = {name: each["Code"]["S3Key"].rsplit("/", 1)[1] for name, each in functions(template).items()}
    assert keys == {name: f"{name}.zip" for name in FUNCTIONS}


def test_no_two_zips_hold_the_same(tools):
    digests = set()
    for name in FUNCTIONS:
        content = (ZIPS / f"{name}.zip").read_bytes()
        archive = zipfile.ZipFile(io.BytesIO(content))
        assert archive.namelist() == ["bootstrap"], name
        digests.add(hashlib.sha256(archive.read("bootstrap")).hexdigest())
    assert len(digests) == len(FUNCTIONS)


def test_each_stage_is_triggered_by_its_bucket_and_only_by_it(template, stage):
    wanted = {f"es-{stage}-data-{role}": name for name, role in TRIGGERS.items()}
    ids = {f"<{id_}.Arn>": each["FunctionName"] for id_, each in properties(template, "AWS::Lambda::Function").items()}
    for bucket in properties(template, "AWS::S3::Bucket").values():
        triggers = bucket.get("NotificationConfiguration", {}).get("LambdaConfigurations", [])
        found = [(each["Event"], ids[each["Function"]]) for each in triggers]
        name = wanted.get(bucket.get("BucketName"))
        assert found == ([("s3:ObjectCreated:*", f"data-pipeline-{stage}-{name}")] if name else [])
    for permission in properties(template, "AWS::Lambda::Permission").values():
        if permission["Principal"] == "s3.amazonaws.com":
            bucket = permission["SourceArn"].removeprefix("arn:aws:s3:::")
            assert ids[permission["FunctionName"]] == f"data-pipeline-{stage}-{wanted[bucket]}"
            assert permission["SourceAccount"] == "123456789012", "a bucket of that name in somebody else's account"


def test_memory_time_and_disk_are_enough_for_the_limits(template):
    found = functions(template)
    for name in STAGE_FUNCTIONS:
        assert found[name]["Timeout"] == 900, name
    # An email has 100 MiB, of which what is encoded twice is held twice; the worst attack on the parsers needs 313 MiB.
    for name in STAGE_FUNCTIONS:
        assert found[name]["MemorySize"] >= 512, name
    # An archive may have 4 GiB, a member and so a workbook 2 GiB, an email and a download 100 MiB each.
    disk = {name: each.get("EphemeralStorage", {"Size": 512})["Size"] for name, each in found.items()}
    assert disk["unpack-attachments"] > 2 * 100
    assert disk["process-file"] > 4 * 1024
    assert disk["uncompress-file"] > 6 * 1024
    assert disk["convert-file"] > 4 * 1024


def test_what_fails_is_tried_again_and_then_parked(template):
    configured = {each["FunctionName"]: each for each in properties(template, "AWS::Lambda::EventInvokeConfig").values()}
    ids = {f"<{id_}>": each["FunctionName"] for id_, each in properties(template, "AWS::Lambda::Function").items()}
    assert {ids[each].split("-", 3)[3] for each in configured} == set(FUNCTIONS)
    for function, each in configured.items():
        assert each["MaximumRetryAttempts"] == 2
        assert each["MaximumEventAgeInSeconds"] == (900 if ids[function].endswith("-sweep") else 21600)
        assert each["DestinationConfig"] == {"OnFailure": {"Destination": "<FailureQueue.Arn>"}}


def test_concurrency_is_reserved_only_where_it_is_set(template, package):
    assert not any("ReservedConcurrentExecutions" in each for each in functions(template).values())
    some = functions(package(CONCURRENCY_PROCESS_FILE="20", CONCURRENCY_CONVERT_FILE="0", CONCURRENCY_SWEEP=""))
    reserved = {name: each["ReservedConcurrentExecutions"] for name, each in some.items() if "ReservedConcurrentExecutions" in each}
    assert reserved == {"process-file": 20, "convert-file": 0}


def test_the_sweep_runs_every_quarter_of_an_hour(template):
    [rule] = properties(template, "AWS::Events::Rule").values()
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(15 minutes)", "ENABLED")
    assert [each["Arn"] for each in rule["Targets"]] == ["<SweepLambdaFunction.Arn>"]


def test_the_sweep_takes_what_is_redriven_and_fails_message_by_message(template):
    mapping = mappings(template)["<RedriveQueue.Arn>"]
    assert mapping["FunctionName"] == "<SweepLambdaFunction.Arn>"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def mappings(template):
    return {each["EventSourceArn"]: each for each in properties(template, "AWS::Lambda::EventSourceMapping").values()}


def test_notify_takes_what_was_rejected_many_at_once_and_fails_message_by_message(template):
    assert set(mappings(template)) == {"<RedriveQueue.Arn>", "<RejectsQueue.Arn>"}
    mapping = mappings(template)["<RejectsQueue.Arn>"]
    assert mapping["FunctionName"] == "<NotifyLambdaFunction.Arn>"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    # A message of S3 has about a kilobyte, and an event at most six million.
    assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (500, 30)


def test_notify_knows_its_stage_and_its_topic_and_answers_nobody_unless_it_is_wanted(template, stage, package):
    variables = functions(template)["notify"]["Environment"]["Variables"]
    assert (variables["STAGE"], variables["REJECTS_TOPIC_ARN"]) == (stage, "<RejectsTopic>")
    assert not any(name.startswith("REPLY_") for name in variables)
    wanted = functions(package(REPLY_TO_SUPPLIERS="true", REPLY_FROM="data@example.org", SES_REGION="eu-west-1"))["notify"]["Environment"]["Variables"]
    assert {name: value for name, value in wanted.items() if name.startswith("REPLY_")} == {
        "REPLY_TO_SUPPLIERS": "true", "REPLY_FROM": "data@example.org", "REPLY_REGION": "eu-west-1",
    }  # fmt: skip


def test_every_function_knows_the_buckets_its_metrics_and_where_errors_go(template, stage):
    for each in functions(template).values():
        variables = each["Environment"]["Variables"]
        for role in BUCKETS:
            assert variables[f"{role.replace('-', '_').upper()}_BUCKET"] == f"es-{stage}-data-{role}"
        assert variables["METRICS_NAMESPACE"] == f"es-{stage}-data-pipeline"
        assert variables["ROLLBAR_ENVIRONMENT"] == stage
        assert "ROLLBAR_ACCESS_TOKEN" not in variables


def test_the_sweep_knows_the_functions(template, stage):
    variables = functions(template)["sweep"]["Environment"]["Variables"]
    for name in STAGE_FUNCTIONS:
        assert variables[f"{name.replace('-', '_').upper()}_FUNCTION"] == f"data-pipeline-{stage}-{name}"


@pytest.mark.parametrize(
    ("variable", "value", "readers"),
    [
        ("ROLLBAR_ACCESS_TOKEN", "token", FUNCTIONS),
        ("ROLLBAR_ENDPOINT", "https://rollbar.example/", FUNCTIONS),
        ("LOG_LEVEL", "debug", FUNCTIONS),
        ("KEY_LAYOUT", "dated", FUNCTIONS),
        ("LIMIT_DEPTH", "6", FUNCTIONS),
        ("LIMIT_MEMBERS", "5", FUNCTIONS),
        ("LIMIT_SHEET_CELLS", "1000", FUNCTIONS),
        ("MAIL_DOMAINS", "example.org,mail.example.org", ["unpack-attachments", "notify"]),
        ("AREAS", "sheffield,npower-eon", ["unpack-attachments"]),
        ("DOWNLOAD_LINKS", "https://a.example/x/", ["unpack-attachments"]),
        ("REJECT_SPAM", "true", ["unpack-attachments"]),
        ("SHEETS", "all", ["convert-file"]),
        ("SWEEP_AFTER_MINUTES", "90", ["sweep"]),
        ("SWEEP_INBOX_DAYS", "10", ["sweep"]),
        ("SWEEP_LIMIT", "50", ["sweep"]),
    ],
)
def test_what_an_operator_sets_reaches_the_functions_that_read_it(package, variable, value, readers):
    # Set all at once, so that they are packaged once.
    together = {
        "ROLLBAR_ACCESS_TOKEN": "token", "ROLLBAR_ENDPOINT": "https://rollbar.example/", "LOG_LEVEL": "debug", "KEY_LAYOUT": "dated",
        "LIMIT_DEPTH": "6", "LIMIT_MEMBERS": "5", "LIMIT_SHEET_CELLS": "1000", "MAIL_DOMAINS": "example.org,mail.example.org",
        "AREAS": "sheffield,npower-eon", "DOWNLOAD_LINKS": "https://a.example/x/", "REJECT_SPAM": "true", "SHEETS": "all",
        "SWEEP_AFTER_MINUTES": "90", "SWEEP_INBOX_DAYS": "10", "SWEEP_LIMIT": "50",
    }  # fmt: skip
    found = {name: each["Environment"]["Variables"].get(variable) for name, each in functions(package(**together)).items()}
    assert found == {name: value if name in readers else None for name in FUNCTIONS}


def test_what_is_not_set_is_left_to_the_functions_defaults(template):
    for name, each in functions(template).items():
        own = {key for key in each["Environment"]["Variables"] if not key.endswith(("_BUCKET", "_FUNCTION"))}
        assert own == {"METRICS_NAMESPACE", "ROLLBAR_ENVIRONMENT", *(["STAGE", "REJECTS_TOPIC_ARN"] if name == "notify" else [])}, name


def test_logs_are_kept_for_a_while(template, package):
    for found, days in [(template, 180), (package(LOG_RETENTION_DAYS="30"), 30)]:
        groups = {each["LogGroupName"]: each["RetentionInDays"] for each in properties(found, "AWS::Logs::LogGroup").values()}
        assert groups == {f"/aws/lambda/{each['FunctionName']}": days for each in functions(found).values()}


def test_traces_are_made_only_if_wanted(template, package):
    assert not any("TracingConfig" in each for each in functions(template).values())
    assert all(each["TracingConfig"] == {"Mode": "Active"} for each in functions(package(TRACING="true")).values())


def test_an_operator_is_told_the_names(template, stage):
    outputs = {name: resolved(output["Value"]) for name, output in template["Outputs"].items()}
    names = [f"es-{stage}-data-{role}" for role in BUCKETS]
    assert [each for each in outputs.values() if each in names] == names
    assert [outputs[f"{name}Url"] for name in ["FailureQueue", "RedriveQueue", "RejectsQueue"]] == ["<FailureQueue>", "<RedriveQueue>", "<RejectsQueue>"]


def test_code_of_past_deployments_does_not_pile_up(template):
    assert not of_type(template, "AWS::Lambda::Version")
    bucket = properties(template, "AWS::S3::Bucket")["ServerlessDeploymentBucket"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]
