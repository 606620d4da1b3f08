"""What the tests of the local pipeline share: a `pipeline serve` of its own, in a folder of its own, on ports that are free."""

import json
import os
import signal
import smtplib
import subprocess
import time
from email.message import EmailMessage
from pathlib import Path

import boto3
import pytest

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = Path(os.environ.get("PIPELINE", ROOT / "target/debug/pipeline"))
# Far longer than anything here takes on a busy machine.
PATIENCE_SECONDS = 120
READINGS = "MPR,Date,hr0030,hr0100\n9100000001,23/03/2025,0.1,0.2\n"


def wait_until(what, found):
    """Waits for something, and gives it."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not (it := found()):
        assert time.monotonic() < end, f"{what} never came"
        time.sleep(0.02)
    return it


def email(name="import.csv", content=READINGS, to="sheffield@example.org", message_id=None, subject="Half-hourly data"):
    """An email with one file."""
    message = EmailMessage()
    message["From"] = "Metering <reports@supplier.example>"
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = f"<{message_id or name}@supplier.example>"
    message.set_content("Please find attached.")
    message.add_attachment(content.encode(), maintype="text", subtype="csv", filename=name)
    return message


class Serve:
    """A `pipeline serve`, which may be killed and started again over the same folder."""

    def __init__(self, data, *args, **variables):
        self.data = Path(data)
        self.args = args
        self.variables = variables
        self.process = None
        self.endpoint = None

    def start(self):
        command = [PIPELINE, "serve", "--data", self.data, "--s3", "0", "--smtp", "0", "--web", "0", *self.args]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.data), **self.variables}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        self.endpoint = wait_until("serve.json", self._read_endpoint)
        return self

    def _read_endpoint(self):
        assert self.process.poll() is None, f"serve has ended with {self.process.returncode}"
        try:
            endpoint = json.loads((self.data / ".pipeline/serve.json").read_text())
        except FileNotFoundError:
            return None
        return endpoint if endpoint["pid"] == self.process.pid else None

    def kill(self):
        # Its ports may soon be another's.
        self.endpoint = None
        self.process.kill()
        self.process.wait()

    def stop(self, by=signal.SIGINT):
        """Stops it in order, and gives its exit code."""
        self.process.send_signal(by)
        return self.process.wait(PATIENCE_SECONDS)

    def run(self, *args, **kwargs):
        """Runs another command of `pipeline` over the same folder."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.data)}
        return subprocess.run([PIPELINE, *args], env=environment, capture_output=True, text=True, check=False, **kwargs)

    def smtp(self):
        endpoint = self.endpoint
        if endpoint is None:
            raise ConnectionError("it is not running")
        host, port = endpoint["smtp"].rsplit(":", 1)
        # Whoever has the port of a killed server now may say nothing.
        return smtplib.SMTP(host, int(port), timeout=30)

    def send(self, message, to=None):
        """Sends an email by smtplib."""
        with self.smtp() as smtp:
            smtp.send_message(message, to_addrs=to)

    def aws_variables(self):
        """What a person pastes into a shell."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint["s3"],
            "AWS_ACCESS_KEY_ID": self.endpoint["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": self.endpoint["secret_access_key"],
            "AWS_DEFAULT_REGION": self.endpoint["region"],
        }

    def s3(self):
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint["s3"],
            aws_access_key_id=self.endpoint["access_key_id"],
            aws_secret_access_key=self.endpoint["secret_access_key"],
            region_name=self.endpoint["region"],
        )

    def bucket(self, role):
        return self.data / f"es-local-data-{role}"

    def keys(self, role):
        """What is in a bucket, read from its folder."""
        root = self.bucket(role)
        keys = []
        for folder, _, files in os.walk(root):
            keys += [str(Path(folder, file).relative_to(root)) for file in files]
        return sorted(keys)

    def read(self, role, key):
        """An object, read from its file; `None` if there is none."""
        path = self.bucket(role) / key
        return path.read_bytes().decode() if path.is_file() else None

    def wait_for(self, role, key):
        return wait_until(f"{role}/{key}", lambda: self.read(role, key))


@pytest.fixture
def serve(tmp_path):
    """A running `pipeline serve`."""
    serve = Serve(tmp_path / "data").start()
    yield serve
    serve.kill()


@pytest.fixture
def make_serve(tmp_path):
    """Makes servers with arguments and variables; none is running yet."""
    made = []

    def make(*args, **variables):
        made.append(Serve(tmp_path / f"data-{len(made)}", *args, **variables))
        return made[-1]

    yield make
    for serve in made:
        if serve.process:
            serve.kill()
