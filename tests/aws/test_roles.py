"""What the functions may do: what they need, and nothing else."""

import json

import pytest
from conftest import FUNCTIONS, ROOT, STAGE_FUNCTIONS
from templates import as_list, of_type, properties

PERMISSIONS = json.loads((ROOT / "deploy/permissions.json").read_text())


def roles(template):
    """The role of each function."""
    by_id = {f"<{id_}.Arn>": role for id_, role in properties(template, "AWS::IAM::Role").items()}
    return {each["FunctionName"].split("-", 3)[3]: by_id[each["Role"]] for each in properties(template, "AWS::Lambda::Function").values()}


def statements(role):
    return [statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]]


def of_service(role, service):
    """Pairs of action and resource, of one service."""
    return {
        (action, resource)
        for each in statements(role)
        for action in as_list(each["Action"])
        for resource in as_list(each["Resource"])
        if action.startswith(f"{service}:")
    }


def test_each_function_has_a_role_of_its_own(template):
    names = [each["Role"] for each in properties(template, "AWS::Lambda::Function").values()]
    assert len(set(names)) == len(FUNCTIONS) == len(of_type(template, "AWS::IAM::Role"))


def test_only_lambda_may_take_a_role(template):
    for role in roles(template).values():
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        assert (trust["Effect"], trust["Principal"], trust["Action"]) == ("Allow", {"Service": "lambda.amazonaws.com"}, "sts:AssumeRole")
        assert not role.get("ManagedPolicyArns"), "managed policies allow more than is needed"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_may_do_in_s3_exactly_what_the_code_declares(template, stage, function):
    declared = {
        (action, f"arn:aws:s3:::es-{stage}-data-{bucket}" + ("" if action == "s3:ListBucket" else "/*"))
        for bucket, actions in PERMISSIONS[function].items()
        for action in actions
    }
    assert of_service(roles(template)[function], "s3") == declared


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_may_write_its_own_log_and_report_failures(template, stage, function):
    role = roles(template)[function]
    log = f"arn:aws:logs:eu-west-2:123456789012:log-group:/aws/lambda/data-pipeline-{stage}-{function}:*"
    assert of_service(role, "logs") == {("logs:CreateLogStream", log), ("logs:PutLogEvents", log)}
    assert ("sqs:SendMessage", "<FailureQueue.Arn>") in of_service(role, "sqs")


def test_the_sweep_alone_may_invoke_the_stages_and_read_the_redrive_queue(template, stage):
    found = roles(template)
    functions = {f"arn:aws:lambda:eu-west-2:123456789012:function:data-pipeline-{stage}-{name}" for name in STAGE_FUNCTIONS}
    assert of_service(found["sweep"], "lambda") == {("lambda:InvokeFunction", arn) for arn in functions}
    reading = {(f"sqs:{action}", "<RedriveQueue.Arn>") for action in ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"]}
    assert of_service(found["sweep"], "sqs") == reading | {("sqs:SendMessage", "<FailureQueue.Arn>")}
    for name in STAGE_FUNCTIONS:
        assert not of_service(found[name], "lambda")
        assert of_service(found[name], "sqs") == {("sqs:SendMessage", "<FailureQueue.Arn>")}


def test_notify_alone_may_read_the_rejects_queue_and_publish_to_its_topic(template):
    found = roles(template)
    reading = {(f"sqs:{action}", "<RejectsQueue.Arn>") for action in ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"]}
    assert of_service(found["notify"], "sqs") == reading | {("sqs:SendMessage", "<FailureQueue.Arn>")}
    assert of_service(found["notify"], "sns") == {("sns:Publish", "<RejectsTopic>")}
    assert not any(of_service(role, "sns") for name, role in found.items() if name != "notify")


def test_only_notify_may_send_emails_and_only_from_the_address_and_if_it_is_wanted(template, package):
    assert not any(of_service(role, "ses") for role in roles(template).values())
    found = roles(package(REPLY_TO_SUPPLIERS="true", REPLY_FROM="data@example.org", SES_REGION="eu-west-1"))
    [sending] = [each for each in statements(found["notify"]) if as_list(each["Action"]) == ["ses:SendRawEmail"]]
    identity = "arn:aws:ses:eu-west-1:123456789012:identity/"
    assert as_list(sending["Resource"]) == [f"{identity}data@example.org", f"{identity}example.org"]
    assert sending["Condition"] == {"StringEquals": {"ses:FromAddress": "data@example.org"}}
    assert not any(of_service(role, "ses") for name, role in found.items() if name != "notify")


def test_a_role_may_do_nothing_besides(template):
    for name, role in roles(template).items():
        services = {action.split(":")[0] for each in statements(role) for action in as_list(each["Action"])}
        assert services <= {"logs", "s3", "sqs", *{"sweep": ["lambda"], "notify": ["sns"]}.get(name, [])}
        assert all(each["Effect"] == "Allow" for each in statements(role))


def test_no_action_has_a_wildcard_and_no_resource_is_everything(template):
    for role in roles(template).values():
        for each in statements(role):
            assert not [action for action in as_list(each["Action"]) if "*" in action]
            assert "*" not in as_list(each["Resource"])
    for kind in ["AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy"]:
        for policy in properties(template, kind).values():
            for each in policy["PolicyDocument"]["Statement"]:
                assert each["Effect"] == "Deny" or not [action for action in as_list(each["Action"]) if "*" in action]


def test_traces_are_allowed_only_if_they_are_made(package):
    for role in roles(package(TRACING="true")).values():
        assert of_service(role, "xray") == {("xray:PutTraceSegments", "*"), ("xray:PutTelemetryRecords", "*")}
        others = [each for each in statements(role) if not as_list(each["Action"])[0].startswith("xray:")]
        assert not any("*" in as_list(each["Resource"]) for each in others)
