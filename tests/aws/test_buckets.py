"""The buckets: who may come to them, what stays in them, and for how long."""

import pytest
from conftest import BUCKETS
from templates import bucket_policies, buckets, of_type

EXPIRING = ["inbox", "unprocessable", "receipts"]


def rules(bucket):
    return bucket["Properties"]["LifecycleConfiguration"]["Rules"]


def expiry(template):
    """After how many days objects expire, by role; None: never."""
    return {role: next((each["ExpirationInDays"] for each in rules(bucket) if "ExpirationInDays" in each), None) for role, bucket in buckets(template).items()}


def test_there_are_seven_named_after_prefix_and_stage(template, stage, package):
    assert {each["Properties"]["BucketName"] for each in buckets(template).values()} == {f"es-{stage}-data-{role}" for role in BUCKETS}
    other = package(BUCKET_PREFIX="council")
    assert {each["Properties"]["BucketName"] for each in buckets(other).values()} == {f"council-development-data-{role}" for role in BUCKETS}


@pytest.mark.parametrize("role", BUCKETS)
def test_each_is_private_encrypted_and_its_owners(template, role):
    bucket = buckets(template)[role]["Properties"]
    assert bucket["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True, "BlockPublicPolicy": True, "IgnorePublicAcls": True, "RestrictPublicBuckets": True,
    }  # fmt: skip
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"] == [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


@pytest.mark.parametrize("role", BUCKETS)
def test_each_refuses_connections_without_tls(template, stage, role):
    denied = [each for each in bucket_policies(template)[role] if each["Effect"] == "Deny"]
    arn = f"arn:aws:s3:::es-{stage}-data-{role}"
    assert [(each["Principal"], each["Action"], each["Resource"]) for each in denied] == [("*", "s3:*", [arn, f"{arn}/*"])]
    assert denied[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("role", BUCKETS)
def test_each_stays_when_the_stack_goes(template, role):
    bucket = buckets(template)[role]
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("Retain", "Retain")


@pytest.mark.parametrize("role", BUCKETS)
def test_uploads_that_never_ended_go_after_a_day(template, role):
    aborting = [each for each in rules(buckets(template)[role]) if "AbortIncompleteMultipartUpload" in each]
    assert [(each["Status"], each["AbortIncompleteMultipartUpload"]) for each in aborting] == [("Enabled", {"DaysAfterInitiation": 1})]
    assert not any("Prefix" in each or "TagFilters" in each for each in aborting)


def test_work_and_deliveries_never_expire_the_rest_after_400_days(template):
    assert expiry(template) == {role: 400 if role in EXPIRING else None for role in BUCKETS}
    assert all(each["Status"] == "Enabled" for bucket in buckets(template).values() for each in rules(bucket))


def test_days_are_set_for_each_bucket(package):
    days = expiry(package(INBOX_EXPIRY_DAYS="500", UNPROCESSABLE_EXPIRY_DAYS="60", RECEIPTS_EXPIRY_DAYS="1000"))
    assert {role: days[role] for role in EXPIRING} == {"inbox": 500, "unprocessable": 60, "receipts": 1000}
    assert all(days[role] is None for role in BUCKETS if role not in EXPIRING)


def test_nobody_but_ses_is_let_in_by_a_policy(template):
    allowed = {role: [each["Principal"] for each in statements if each["Effect"] == "Allow"] for role, statements in bucket_policies(template).items()}
    assert allowed == {role: [{"Service": "ses.amazonaws.com"}] if role == "inbox" else [] for role in BUCKETS}


def test_logical_ids_are_those_of_the_pipeline_in_ruby(template, stage):
    ids = {each["Properties"].get("BucketName"): id_ for id_, each in of_type(template, "AWS::S3::Bucket").items()}
    for role in ["inbox", "process", "uncompressed", "spreadsheet"]:
        assert ids[f"es-{stage}-data-{role}"] == f"S3BucketEs{stage}data{role}"
    assert (ids[f"es-{stage}-data-amr-data"], ids[f"es-{stage}-data-unprocessable"]) == ("S3BucketAmrData", "S3BucketUnprocessable")
    assert of_type(template, "AWS::S3::BucketPolicy")["InboxS3Policy"]["Properties"]["Bucket"] == f"<S3BucketEs{stage}datainbox>"
