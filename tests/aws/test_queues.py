"""The queues: where events go that were given up, and the way back."""

import pytest
from templates import functions, of_type, properties

QUEUES = ["FailureQueue", "RedriveQueue", "RejectsQueue"]


@pytest.mark.parametrize("queue", QUEUES)
def test_messages_are_kept_encrypted_and_as_long_as_sqs_can(template, queue):
    found = properties(template, "AWS::SQS::Queue")[queue]
    assert (found["MessageRetentionPeriod"], found["SqsManagedSseEnabled"]) == (14 * 24 * 3600, True)


def test_queues_refuse_connections_without_tls_and_let_nobody_else_in(template):
    policies = properties(template, "AWS::SQS::QueuePolicy")
    assert sorted(queue for policy in policies.values() for queue in policy["Queues"]) == [f"<{queue}>" for queue in QUEUES]
    for policy in policies.values():
        [denied] = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"]
        assert (denied["Principal"], denied["Action"], denied["Resource"]) == ("*", "sqs:*", "*")
        assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    allowed = {name: [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"] for name, policy in policies.items()}
    assert [name for name, statements in allowed.items() if statements] == ["RejectsQueuePolicy"]


def test_s3_tells_the_rejects_queue_of_what_is_put_into_unprocessable_and_nobody_else_does(template, stage):
    [bucket] = [each for each in of_type(template, "AWS::S3::Bucket").values() if each["Properties"].get("BucketName") == f"es-{stage}-data-unprocessable"]
    told = bucket["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    assert told == [{"Event": "s3:ObjectCreated:*", "Queue": "<RejectsQueue.Arn>"}]
    assert bucket["DependsOn"] == ["RejectsQueuePolicy"], "S3 tries the queue when it is told of it"
    [allowed] = [each for each in properties(template, "AWS::SQS::QueuePolicy")["RejectsQueuePolicy"]["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"]
    assert (allowed["Principal"], allowed["Action"], allowed["Resource"]) == ({"Service": "s3.amazonaws.com"}, "sqs:SendMessage", "<RejectsQueue.Arn>")
    assert allowed["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::es-{stage}-data-unprocessable"},
    }


def test_rejects_wait_some_minutes_and_are_tried_for_hours(template):
    queue = properties(template, "AWS::SQS::Queue")["RejectsQueue"]
    assert queue["DelaySeconds"] == 300
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == "<FailureQueue.Arn>"
    # notify waits two hours for the rest of an email (WAIT in crates/notify/src/look.rs), and no longer than six for it to be told.
    assert 2 * 3600 < queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"] <= 6 * 3600
    assert queue["VisibilityTimeout"] >= 6 * functions(template)["notify"]["Timeout"]
    # A claim is taken over only when its owner is surely gone, and at the next try (LEASE in crates/notify/src/claims.rs).
    assert functions(template)["notify"]["Timeout"] < 600 < queue["VisibilityTimeout"]


def test_the_failure_queue_is_the_dead_letter_queue_of_the_redrive_queue(template):
    queues = properties(template, "AWS::SQS::Queue")
    assert queues["RedriveQueue"]["RedrivePolicy"] == {"deadLetterTargetArn": "<FailureQueue.Arn>", "maxReceiveCount": 3}
    assert "RedrivePolicy" not in queues["FailureQueue"]


def test_a_message_does_not_come_again_while_the_sweep_works_on_it(template):
    visibility = properties(template, "AWS::SQS::Queue")["RedriveQueue"]["VisibilityTimeout"]
    assert visibility >= 6 * functions(template)["sweep"]["Timeout"]
