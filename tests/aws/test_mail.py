"""The receipt rule, in the stack or in one of its own, and whom the inbox lets in."""

from templates import bucket_policies, of_type, resolved

MAIL = {"MAIL_DOMAINS": "example.org, @Mail.example.org", "RECEIPT_RULE_SET": "inbound"}
ELSEWHERE = {**MAIL, "SES_REGION": "eu-west-1"}


def rules(template):
    return of_type(template, "AWS::SES::ReceiptRule")


def ses_statement(template):
    [statement] = [each for each in bucket_policies(template)["inbox"] if each["Effect"] == "Allow"]
    return statement


def source_arn(template):
    [condition] = [operator for operator in ses_statement(template)["Condition"] if operator.startswith("Arn")]
    return ses_statement(template)["Condition"][condition]["aws:SourceArn"]


def test_every_email_to_our_domains_is_stored_in_the_inbox(package):
    [rule] = rules(package("production", **MAIL)).values()
    assert rule["Properties"] == {
        "RuleSetName": "inbound",
        "Rule": {
            "Name": "data-pipeline-production",
            "Enabled": True,
            "Recipients": ["example.org", "mail.example.org"],
            "ScanEnabled": True,
            "TlsPolicy": "Optional",
            "Actions": [{"S3Action": {"BucketName": "es-production-data-inbox"}}],
        },
    }


def test_a_rule_set_is_joined_never_made(package):
    assert not of_type(package("production", **MAIL), "AWS::SES::ReceiptRuleSet")


def test_ses_may_write_before_the_rule_is_made(package):
    [rule] = rules(package("production", **MAIL)).values()
    assert rule["DependsOn"] == ["InboxS3Policy"]


def test_the_inbox_lets_in_our_rule_of_our_account_and_nobody_else(package):
    template = package("production", **MAIL)
    statement = ses_statement(template)
    assert (statement["Principal"], statement["Action"]) == ({"Service": "ses.amazonaws.com"}, "s3:PutObject")
    assert statement["Resource"] == "arn:aws:s3:::es-production-data-inbox/*"
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnEquals": {"aws:SourceArn": "arn:aws:ses:eu-west-2:123456789012:receipt-rule-set/inbound:receipt-rule/data-pipeline-production"},
    }


def test_without_domains_or_rule_set_there_is_no_rule_and_any_of_this_account_may_deliver(template, package):
    for found, rule_set in [(template, "*"), (package(MAIL_DOMAINS="example.org"), "*"), (package(RECEIPT_RULE_SET="inbound"), "inbound")]:
        assert not rules(found)
        assert source_arn(found) == f"arn:aws:ses:*:123456789012:receipt-rule-set/{rule_set}:receipt-rule/*"
        assert ses_statement(found)["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
        assert "no receipt rule" in resolved(found["Outputs"]["Mail"]["Value"])


def test_a_rule_made_by_hand_is_kept_and_let_in_wherever_it_stands(package):
    for region, variables in [("*", {}), ("eu-west-1", {"SES_REGION": "eu-west-1"}), ("eu-west-2", {"SES_REGION": "eu-west-2"})]:
        template = package(**MAIL, **variables, RECEIPT_RULE="by-hand")
        assert not rules(template)
        assert source_arn(template) == f"arn:aws:ses:{region}:123456789012:receipt-rule-set/inbound:receipt-rule/by-hand"


def test_a_region_of_its_own_has_a_stack_of_its_own(package):
    main = package("production", **ELSEWHERE)
    assert not rules(main)
    assert source_arn(main) == "arn:aws:ses:eu-west-1:123456789012:receipt-rule-set/inbound:receipt-rule/data-pipeline-production"
    [rule] = rules(package("production", "serverless-mail.yml", **ELSEWHERE)).values()
    assert rule["Properties"]["Rule"]["Actions"] == [{"S3Action": {"BucketName": "es-production-data-inbox"}}]
    [same] = rules(package("production", **MAIL)).values()
    assert rule["Properties"] == same["Properties"]


def test_the_region_of_the_stack_may_be_named_for_ses_too(package):
    assert rules(package(**MAIL, SES_REGION="eu-west-2"))


def test_a_mail_stack_that_is_not_wanted_is_refused(package):
    refused = package.refuses("test", "serverless-mail.yml", **MAIL)
    assert "serverless-mail.yml is not wanted here: SES_REGION is not set, or is the region of the pipeline" in refused
    for missing in MAIL:
        variables = {name: value for name, value in ELSEWHERE.items() if name != missing}
        assert "MAIL_DOMAINS and RECEIPT_RULE_SET" in package.refuses("test", "serverless-mail.yml", **variables)
