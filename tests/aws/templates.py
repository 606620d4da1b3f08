"""Reading a packaged template."""

import re

ACCOUNT = "123456789012"
PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Region": "eu-west-2", "AWS::Partition": "aws"}


def resolved(value):
    """A value as CloudFormation would have it in account 123456789012, eu-west-2; what only a deployment knows as `<id>` or `<id.Attribute>`."""
    if isinstance(value, list):
        return [resolved(each) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"}:
        return PSEUDO.get(value["Ref"], f"<{value['Ref']}>")
    if set(value) == {"Fn::GetAtt"}:
        target = value["Fn::GetAtt"]
        return f"<{target if isinstance(target, str) else '.'.join(target)}>"
    if set(value) == {"Fn::Sub"} and isinstance(value["Fn::Sub"], str):
        return re.sub(r"\$\{([^}]+)\}", lambda found: PSEUDO.get(found[1], f"<{found[1]}>"), value["Fn::Sub"])
    if set(value) == {"Fn::Join"}:
        separator, parts = value["Fn::Join"]
        return separator.join(resolved(parts))
    return {key: resolved(each) for key, each in value.items()}


def of_type(template, kind):
    """Resources of a type, by logical id, resolved."""
    return {name: resolved(resource) for name, resource in template["Resources"].items() if resource["Type"] == kind}


def properties(template, kind):
    """The properties of the resources of a type, by logical id."""
    return {name: resource["Properties"] for name, resource in of_type(template, kind).items()}


def functions(template):
    """The functions' properties by the function's name in serverless.yml."""
    named = {each["FunctionName"]: each for each in properties(template, "AWS::Lambda::Function").values()}
    return {re.sub(r"^data-pipeline-[a-z0-9]+-", "", name): each for name, each in named.items()}


def buckets(template):
    """The seven buckets, whole resources, by their roles."""
    named = {each["Properties"].get("BucketName"): each for each in of_type(template, "AWS::S3::Bucket").values()}
    return {name.split("-data-", 1)[1]: each for name, each in named.items() if name}


def bucket_policies(template):
    """The statements about each of the seven buckets, by its role."""
    ids = {f"<{id_}>": bucket["Properties"].get("BucketName") for id_, bucket in of_type(template, "AWS::S3::Bucket").items()}
    found = {}
    for policy in properties(template, "AWS::S3::BucketPolicy").values():
        name = ids[policy["Bucket"]]
        if name:
            found[name.split("-data-", 1)[1]] = policy["PolicyDocument"]["Statement"]
    return found


def as_list(value):
    return value if isinstance(value, list) else [value]
