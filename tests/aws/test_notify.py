"""The shipped functions against moto's S3, SNS, SQS and SES: an email comes in, and people are told what could not be used."""

import json
import subprocess
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote_plus

import pytest
from conftest import BUCKETS, REGION, ZIPS

EMAIL = """\
Return-Path: <readings@supplier.example>
Received: from mx.supplier.example by inbound-smtp.eu-west-2.amazonaws.com for sheffield@example.org; Sun, 23 Mar 2025 10:11:12 +0000
X-SES-Spam-Verdict: PASS
X-SES-Virus-Verdict: PASS
Authentication-Results: amazonses.com; spf=pass; dkim=pass header.i=@supplier.example; dmarc=pass
From: Readings <readings@supplier.example>
To: sheffield@example.org
Subject: Readings of March
Message-ID: <1@supplier.example>
MIME-Version: 1.0
Content-Type: application/pdf; name="invoice.pdf"

%PDF-1.7
""".replace("\n", "\r\n")
NAMES = {f"{role.replace('-', '_').upper()}_BUCKET": f"es-test-data-{role}" for role in BUCKETS}


class RuntimeApi(ThreadingHTTPServer):
    """Lambda's Runtime API for one invocation (Lambda developer guide, "Using the Lambda runtime API")."""

    daemon_threads = True

    def __init__(self, event):
        super().__init__(("127.0.0.1", 0), Handler)
        self.event, self.answer, self.answered, self.asked = event, None, threading.Event(), False


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.server.asked:
            # There is no second event: it waits until the process is killed.
            time.sleep(600)
        self.server.asked = True
        body = json.dumps(self.server.event).encode()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "1")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + 120) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", f"arn:aws:lambda:{REGION}:123456789012:function:x")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.answer = (self.path.rsplit("/", 1)[1], json.loads(body or b"null"))
        self.server.answered.set()
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def invoke(tools, cloud, tmp_path):
    """Runs a function's shipped binary on an event, and gives its answer."""

    def invoked(name, event, **variables):
        binary = tmp_path / name
        with zipfile.ZipFile(ZIPS / f"{name}.zip") as archive:
            binary.write_bytes(archive.read("bootstrap"))
        binary.chmod(0o755)
        api = RuntimeApi(event)
        threading.Thread(target=api.serve_forever, daemon=True).start()
        environment = {
            **NAMES, **cloud.variables, **variables, "AWS_REGION": REGION, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": name, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        }  # fmt: skip
        with subprocess.Popen([binary], env=environment, stdout=subprocess.PIPE, text=True) as process:
            answered = api.answered.wait(120)
            process.kill()
            log = process.communicate()[0]
        api.shutdown()
        assert answered and api.answer[0] == "response", (api.answer, log)
        return api.answer[1], log

    return invoked


def told(bucket, key):
    """What S3 tells of a new object."""
    s3 = {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, safe="/")}}
    return {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3}]}


def test_an_email_that_cannot_be_used_is_told_to_operators_and_to_its_sender(cloud, invoke):
    s3, sns, sqs, ses = (cloud.client(service) for service in ["s3", "sns", "sqs", "ses"])
    for name in NAMES.values():
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    topic = sns.create_topic(Name="rejects")["TopicArn"]
    queue = sqs.create_queue(QueueName="operators")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    ses.verify_email_identity(EmailAddress="data@example.org")

    s3.put_object(Bucket="es-test-data-inbox", Key="o3gbv5qk", Body=EMAIL.encode())
    invoke("unpack-attachments", told("es-test-data-inbox", "o3gbv5qk"))
    [waiting] = s3.list_objects_v2(Bucket="es-test-data-process")["Contents"]
    invoke("process-file", told("es-test-data-process", waiting["Key"]))

    body = json.dumps(told("es-test-data-unprocessable", "sheffield/invoice.pdf"))
    messages = {"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": body}]}
    place = {"STAGE": "test", "REJECTS_TOPIC_ARN": topic, "REPLY_TO_SUPPLIERS": "true", "REPLY_FROM": "data@example.org", "MAIL_DOMAINS": "example.org"}
    for _ in range(2):
        answer, log = invoke("notify", messages, **place)
        assert answer == {"batchItemFailures": []}, log
        assert "readings@supplier.example" not in log

    [letter] = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    letter = json.loads(letter["Body"])
    assert letter["Subject"] == "sheffield: a file of an email could not be used"
    assert "pipeline trace o3gbv5qk --stage test" in letter["Message"]
    assert "The sender was told." in letter["Message"]
    # One letter: moto counts its recipient as a destination, and once more in `To`.
    assert float(ses.get_send_quota()["SentLast24Hours"]) == 2
