"""Deployments to moto, an AWS on this machine: first, again, changed, removed, and over what is there already.

moto 5.2 leaves out what it does not know of a template: policies of buckets and queues, what becomes of failed events, alarms and who is
told of them, saved queries, receipt rules, outputs, and of a bucket all but its name and encryption (so no lifecycle, triggers or access
block). For those the other tests look at the template."""

import json
import shutil

import pytest
from botocore.exceptions import ClientError
from conftest import BUCKETS, FUNCTIONS, ROOT, Cloud

STACK = "data-pipeline-test"
MAIL = {"MAIL_DOMAINS": "example.org", "RECEIPT_RULE_SET": "inbound"}


@pytest.fixture
def project(make_project):
    return make_project()


def put_objects(cloud: Cloud, stage="test", roles=BUCKETS):
    for role in roles:
        cloud.client("s3").put_object(Bucket=f"es-{stage}-data-{role}", Key="sheffield/import.csv", Body=role.encode())


def objects(cloud: Cloud, stage="test", roles=BUCKETS):
    s3 = cloud.client("s3")
    return {role: s3.get_object(Bucket=f"es-{stage}-data-{role}", Key="sheffield/import.csv")["Body"].read().decode() for role in roles}


def test_a_deployment_makes_everything(project, cloud):
    project.sls("deploy", "test", **cloud.variables)

    deployed = cloud.client("lambda").list_functions()["Functions"]
    functions = {each["FunctionName"].removeprefix(f"{STACK}-"): each for each in deployed}
    assert set(functions) == set(FUNCTIONS)
    assert len({each["CodeSha256"] for each in deployed}) == len(FUNCTIONS), "two functions with the same code"
    assert len({each["Role"] for each in deployed}) == len(FUNCTIONS)
    assert {each["Runtime"] for each in deployed} == {"provided.al2023"}

    s3 = cloud.client("s3")
    for role in BUCKETS:
        assert s3.get_bucket_encryption(Bucket=f"es-test-data-{role}")["ServerSideEncryptionConfiguration"]["Rules"], role

    iam = cloud.client("iam")
    for name, function in functions.items():
        role = function["Role"].rsplit("/", 1)[1]
        policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        assert f"/aws/lambda/{STACK}-{name}:" in json.dumps(policy)

    sqs = cloud.client("sqs")
    redrive = sqs.get_queue_url(QueueName=f"{STACK}-redrive")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=redrive, AttributeNames=["All"])["Attributes"]
    assert json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"].endswith(f"{STACK}-failures")
    mappings = cloud.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert {(each["EventSourceArn"], each["FunctionArn"]) for each in mappings} == {
        (attributes["QueueArn"], functions["sweep"]["FunctionArn"]),
        (attributes["QueueArn"].replace("-redrive", "-rejects"), functions["notify"]["FunctionArn"]),
    }
    [rule] = cloud.client("events").list_rules()["Rules"]
    assert rule["ScheduleExpression"] == "rate(15 minutes)"

    groups = {each["logGroupName"]: each.get("retentionInDays") for each in cloud.client("logs").describe_log_groups()["logGroups"]}
    assert groups == {f"/aws/lambda/{STACK}-{name}": 180 for name in FUNCTIONS}
    assert [each["DashboardName"] for each in cloud.client("cloudwatch").list_dashboards()["DashboardEntries"]] == [STACK]
    topics = {each["TopicArn"].rsplit(":", 1)[1] for each in cloud.client("sns").list_topics()["Topics"]}
    assert topics == {f"{STACK}-alarms", f"{STACK}-rejects"}


def test_deploying_again_changes_nothing_and_a_change_is_deployed(project, cloud):
    def functions():
        return {each["FunctionName"].removeprefix(f"{STACK}-"): each for each in cloud.client("lambda").list_functions()["Functions"]}

    project.sls("deploy", "test", **cloud.variables)
    put_objects(cloud)
    resources, code = cloud.physical_ids(STACK), {name: each["CodeSha256"] for name, each in functions().items()}
    project.sls("deploy", "test", **cloud.variables)
    assert cloud.physical_ids(STACK) == resources
    assert {name: each["CodeSha256"] for name, each in functions().items()} == code

    # New code of one function, and a new setting of all of them.
    shutil.copy(project.folder / "target/package/arm64/sweep.zip", project.folder / "target/package/arm64/convert-file.zip")
    project.sls("deploy", "test", **cloud.variables, LOG_LEVEL="debug")
    assert cloud.physical_ids(STACK) == resources
    assert {name: each["CodeSha256"] for name, each in functions().items()} == {**code, "convert-file": code["sweep"]}
    assert {each["Environment"]["Variables"]["LOG_LEVEL"] for each in functions().values()} == {"debug"}
    assert objects(cloud) == {role: role for role in BUCKETS}


def test_two_stages_do_not_meet(project, cloud):
    for stage in ["test", "production"]:
        project.sls("deploy", stage, **cloud.variables)
    put_objects(cloud, "production")
    project.sls("remove", "test", **cloud.variables)
    assert {each["FunctionName"] for each in cloud.client("lambda").list_functions()["Functions"]} == {
        f"data-pipeline-production-{name}" for name in FUNCTIONS
    }
    assert objects(cloud, "production") == {role: role for role in BUCKETS}


def test_removing_the_stack_leaves_buckets_and_objects_and_they_are_in_the_way_of_a_new_one(project, cloud):
    project.sls("deploy", "test", **cloud.variables)
    put_objects(cloud)
    project.sls("remove", "test", **cloud.variables)
    assert cloud.client("lambda").list_functions()["Functions"] == []
    with pytest.raises(ClientError):
        cloud.client("cloudformation").describe_stacks(StackName=STACK)
    done = project.run("node_modules/.bin/sls", "deploy", "--stage", "test", **cloud.variables)
    assert done.returncode != 0
    assert objects(cloud) == {role: role for role in BUCKETS}


def test_a_stack_that_adopted_the_buckets_is_deployed_to(project, cloud):
    """The way back of deploy/adopt.js, but for the import itself: moto knows none, so that the buckets are made here."""
    packaged = project.package("test")
    adopting = json.loads(project.run("node", "deploy/adopt.js").stdout)
    names = {id_: each["Properties"].get("BucketName") for id_, each in adopting["Resources"].items() if each["Type"] == "AWS::S3::Bucket"}
    assert names.pop("ServerlessDeploymentBucket") is None
    assert set(names.values()) == {f"es-test-data-{role}" for role in BUCKETS}
    for id_, name in names.items():
        assert packaged["Resources"][id_]["Properties"]["BucketName"] == name
        assert adopting["Resources"][id_]["DeletionPolicy"] == "Retain", "CloudFormation imports nothing without"
    assert len(json.dumps(adopting, indent=2)) < 51_200, "more than CloudFormation takes as it stands"

    cloudformation = cloud.client("cloudformation")
    # Named as osls names its own: it removes that before it makes one, and moto breaks if there is none.
    named = {"StackName": STACK, "ChangeSetName": f"{STACK}-change-set"}
    cloudformation.create_change_set(**named, ChangeSetType="CREATE", ImportExistingResources=True, TemplateBody=json.dumps(adopting))
    cloudformation.execute_change_set(**named)
    put_objects(cloud)
    project.sls("deploy", "test", **cloud.variables)
    assert objects(cloud) == {role: role for role in BUCKETS}
    assert names.items() <= cloud.physical_ids(STACK).items()
    assert len(cloud.client("lambda").list_functions()["Functions"]) == len(FUNCTIONS)


def test_the_stack_of_the_pipeline_in_ruby_is_updated_in_place(make_project, cloud):
    old, new = make_project(), make_project()
    shutil.copy(ROOT / "tests/aws/old-pipeline/serverless.yml", old.folder)
    shutil.copy(old.folder / "target/package/arm64/sweep.zip", old.folder / "code.zip")
    stage, stack, kept = "production", "data-pipeline-production", BUCKETS[:-1]
    old.sls("deploy", stage, **cloud.variables)
    put_objects(cloud, stage, kept)
    before = cloud.physical_ids(stack)

    new.sls("deploy", stage, **cloud.variables, **MAIL)
    after = cloud.physical_ids(stack)
    assert after["ServerlessDeploymentBucket"] == before["ServerlessDeploymentBucket"]
    for id_, name in before.items():
        if name.startswith("es-"):
            assert after[id_] == name, f"{id_} would be made anew"
    waiting = {f"S3BucketEs{stage}data{role}" for role in ["inbox", "process", "uncompressed", "spreadsheet"]}
    assert {each for each in before if each.startswith("S3Bucket")} == waiting | {"S3BucketAmrData", "S3BucketUnprocessable"}
    assert objects(cloud, stage, kept) == {role: role for role in kept}
    names = {each["FunctionName"] for each in cloud.client("lambda").list_functions()["Functions"]}
    assert names == {f"{stack}-{name}" for name in FUNCTIONS}
    # moto leaves out bucket policies: that the id is the same is what makes AWS update it.
    template = json.loads((old.folder / ".serverless/cloudformation-template-update-stack.json").read_text())
    assert template["Resources"]["InboxS3Policy"]["Type"] == "AWS::S3::BucketPolicy"


def test_the_mail_stack_is_deployed_to_its_region(project, cloud):
    project.sls("deploy", "test", "serverless-mail.yml", **cloud.variables, **MAIL, SES_REGION="eu-west-1")
    stacks = cloud.client("cloudformation", "eu-west-1").describe_stacks()["Stacks"]
    assert [(each["StackName"], each["StackStatus"]) for each in stacks] == [("data-pipeline-mail-test", "UPDATE_COMPLETE")]
    assert cloud.client("cloudformation").describe_stacks()["Stacks"] == []


def test_the_profile_serverless_is_used_unless_the_environment_has_credentials(project, cloud):
    done = project.run("node_modules/.bin/sls", "deploy", AWS_ENDPOINT_URL=cloud.endpoint)
    assert done.returncode != 0
    assert 'profile "serverless"' in done.stdout + done.stderr
    (project.folder / ".aws").mkdir()
    (project.folder / ".aws/credentials").write_text("[serverless]\naws_access_key_id = testing\naws_secret_access_key = testing\n")
    project.sls("deploy", "test", AWS_ENDPOINT_URL=cloud.endpoint)
