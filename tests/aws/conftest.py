"""What the tests of the deployment share: packaging in a copy of the project, and a moto server to deploy to."""

import json
import logging
import os
import platform
import shutil
import subprocess
from pathlib import Path
from urllib.request import Request, urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer

ROOT = Path(__file__).resolve().parents[2]
STAGES = ["development", "test", "production"]
STAGE_FUNCTIONS = ["unpack-attachments", "process-file", "uncompress-file", "convert-file"]
FUNCTIONS = [*STAGE_FUNCTIONS, "sweep", "notify"]
BUCKETS = ["inbox", "process", "uncompressed", "spreadsheet", "amr-data", "unprocessable", "receipts"]
REGION = "eu-west-2"
# Built for this machine.
ZIPS = ROOT / "target/package" / {"aarch64": "arm64"}.get(platform.machine(), platform.machine())


class Project:
    """A copy of what the deployment consists of, so that neither an operator's `.env.<stage>` nor credentials of this machine get in."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name in ["serverless.yml", "serverless-mail.yml", "package.json"]:
            shutil.copy(ROOT / name, folder)
        shutil.copytree(ROOT / "deploy", folder / "deploy")
        # The template is the same for both; the functions themselves are tested on the machine that they were built for.
        for architecture in ["arm64", "x86_64"]:
            shutil.copytree(ZIPS, folder / "target/package" / architecture)
        (folder / "node_modules").symlink_to(ROOT / "node_modules")

    def run(self, *command, **variables):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "SLS_AWS_MONITORING_FREQUENCY": "200", **variables}
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def sls(self, command, stage, config="serverless.yml", **variables):
        """Runs `sls`, and gives what it printed."""
        done = self.run("node_modules/.bin/sls", command, "--stage", stage, "--config", config, **variables)
        printed = done.stdout + done.stderr
        assert done.returncode == 0, printed
        return printed

    def refuses(self, stage, config="serverless.yml", **variables):
        """What `sls package` says when it does not package."""
        done = self.run("node_modules/.bin/sls", "package", "--stage", stage, "--config", config, **variables)
        printed = done.stdout + done.stderr
        assert done.returncode != 0, printed
        return printed

    def package(self, stage, config="serverless.yml", **variables):
        self.sls("package", stage, config, **variables)
        return json.loads((self.folder / ".serverless/cloudformation-template-update-stack.json").read_text())


@pytest.fixture(scope="session")
def tools():
    """Node's tools and the functions' zips are there."""
    if not (ROOT / "node_modules/.bin/sls").exists():
        pytest.fail("node_modules is missing: run `npm ci`", pytrace=False)
    missing = [name for name in FUNCTIONS if not (ZIPS / f"{name}.zip").exists()]
    if missing:
        command = f"LAMBDA_ARCHITECTURE={ZIPS.name} deploy/package.sh"
        pytest.fail(f"{ZIPS} has no zip of {', '.join(missing)}: run `{command}`", pytrace=False)


@pytest.fixture(scope="session")
def make_project(tools, tmp_path_factory):
    return lambda: Project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def package(make_project):
    """Packages a stage with some variables, each combination once."""
    project = make_project()
    known = {}

    def packaged(stage="development", config="serverless.yml", **variables):
        key = (stage, config, *sorted(variables.items()))
        if key not in known:
            known[key] = project.package(stage, config, **variables)
        return known[key]

    packaged.refuses = project.refuses
    return packaged


@pytest.fixture(scope="session", params=STAGES)
def stage(request):
    return request.param


@pytest.fixture(scope="session")
def template(package, stage):
    """The packaged template of each stage in turn, nothing being set."""
    return package(stage)


class Cloud:
    """An AWS of our own."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        # Of no account: moto takes any, and nothing leaves this machine.
        self.credentials = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}

    def client(self, service, region=REGION):
        return boto3.client(
            service, region_name=region, endpoint_url=self.endpoint, aws_access_key_id="testing", aws_secret_access_key="testing"
        )

    @property
    def variables(self):
        """What `sls` has to know to come here."""
        return {"AWS_ENDPOINT_URL": self.endpoint, **self.credentials}

    def physical_ids(self, stack, region=REGION):
        """The stack's resources: logical id to physical id."""
        pages = self.client("cloudformation", region).get_paginator("list_stack_resources").paginate(StackName=stack)
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for page in pages for each in page["StackResourceSummaries"]}


@pytest.fixture
def cloud():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    # Several servers of one process share their state. Functions are not run: that needs Docker, and the real binaries have tests of their own.
    for path, body in [("reset", b""), ("config", json.dumps({"lambda": {"use_docker": False}}).encode())]:
        request = Request(f"{endpoint}/moto-api/{path}", data=body, headers={"Content-Type": "application/json"}, method="POST")
        urlopen(request, timeout=30).close()
    yield Cloud(endpoint)
    server.stop()
