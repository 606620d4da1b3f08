"""boto3 and the AWS CLI work with the buckets of `pipeline serve`, by what it prints."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from conftest import READINGS, email

INBOX, PROCESS, DELIVERED = (f"es-local-data-{role}" for role in ["inbox", "process", "amr-data"])


def aws(serve, *args):
    environment = {"PATH": os.environ["PATH"], "HOME": str(serve.data), **serve.aws_variables()}
    command = [Path(sys.executable).parent / "aws", *args]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_boto3_puts_an_email_and_a_file_and_finds_the_csvs(serve):
    s3 = serve.s3()
    s3.put_object(Bucket=INBOX, Key="an email", Body=bytes(email()))
    s3.put_object(Bucket=PROCESS, Key="bam/march.csv", Body=READINGS)
    serve.wait_for("amr-data", "sheffield/import.csv")
    serve.wait_for("amr-data", "bam/march.csv")
    listed = s3.list_objects_v2(Bucket=DELIVERED)["Contents"]
    assert [found["Key"] for found in listed] == ["bam/march.csv", "sheffield/import.csv"]
    assert s3.get_object(Bucket=DELIVERED, Key="bam/march.csv")["Body"].read().decode() == READINGS
    with pytest.raises(ClientError):
        s3.put_object(Bucket=DELIVERED, Key="bam/march.csv", Body="", IfNoneMatch="*")


def test_boto3_does_what_the_importer_does(serve):
    serve.send(email())
    serve.wait_for("amr-data", "sheffield/import.csv")
    s3 = serve.s3()
    s3.copy_object(Bucket=DELIVERED, Key="archive-sheffield/import.csv", CopySource=f"{DELIVERED}/sheffield/import.csv")
    s3.delete_object(Bucket=DELIVERED, Key="sheffield/import.csv")
    assert serve.keys("amr-data") == ["archive-sheffield/import.csv"]


def test_the_folder_of_the_command_is_no_bucket(serve):
    names = [bucket["Name"] for bucket in serve.s3().list_buckets()["Buckets"]]
    assert len(names) == 7 and all(name.startswith("es-local-data-") for name in names)


def test_the_aws_cli_copies_a_file_in_and_the_csv_out(serve, tmp_path):
    (tmp_path / "march.csv").write_text(READINGS)
    aws(serve, "s3", "cp", tmp_path / "march.csv", f"s3://{PROCESS}/sheffield/march.csv")
    serve.wait_for("amr-data", "sheffield/march.csv")
    assert "sheffield/march.csv" in aws(serve, "s3", "ls", "--recursive", f"s3://{DELIVERED}")
    assert aws(serve, "s3", "cp", f"s3://{DELIVERED}/sheffield/march.csv", "-") == READINGS


def test_credentials_stay_the_same_over_restarts(make_serve):
    serve = make_serve()
    before = serve.start().endpoint
    assert serve.stop() == 0
    assert not (serve.data / ".pipeline/serve.json").exists()
    after = serve.start().endpoint
    assert serve.stop(signal.SIGTERM) == 0
    assert (after["access_key_id"], after["secret_access_key"]) == (before["access_key_id"], before["secret_access_key"])
