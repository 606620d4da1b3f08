"""The queues: where events go that were given up, and the way back."""

import pytest
from templates import functions, properties

QUEUES = ["FailureQueue", "RedriveQueue"]


@pytest.mark.parametrize("queue", QUEUES)
def test_messages_are_kept_encrypted_and_as_long_as_sqs_can(template, queue):
    found = properties(template, "AWS::SQS::Queue")[queue]
    assert (found["MessageRetentionPeriod"], found["SqsManagedSseEnabled"]) == (14 * 24 * 3600, True)


def test_queues_refuse_connections_without_tls_and_let_nobody_else_in(template):
    [policy] = properties(template, "AWS::SQS::QueuePolicy").values()
    assert sorted(policy["Queues"]) == [f"<{queue}>" for queue in QUEUES]
    [denied] = policy["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Principal"], denied["Action"], denied["Resource"]) == ("Deny", "*", "sqs:*", "*")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_failure_queue_is_the_dead_letter_queue_of_the_redrive_queue(template):
    queues = properties(template, "AWS::SQS::Queue")
    assert queues["RedriveQueue"]["RedrivePolicy"] == {"deadLetterTargetArn": "<FailureQueue.Arn>", "maxReceiveCount": 3}
    assert "RedrivePolicy" not in queues["FailureQueue"]


def test_a_message_does_not_come_again_while_the_sweep_works_on_it(template):
    visibility = properties(template, "AWS::SQS::Queue")["RedriveQueue"]["VisibilityTimeout"]
    assert visibility >= 6 * functions(template)["sweep"]["Timeout"]
