"""Monitoring: the alarm topic, the alarms, the dashboard, the log groups and the saved queries of the packaged template."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STAGE_FUNCTIONS = ["unpack-attachments", "process-file", "uncompress-file", "convert-file"]
FUNCTIONS = [*STAGE_FUNCTIONS, "sweep", "notify"]
HOUR = 3600


@cache
def monitoring(stage="production", **variables):
    """What monitoring adds to a stack with these variables, or the message that refuses them: without Serverless, so many can be tried."""
    script = """
        const { read } = require('./deploy/settings.js');
        const { monitoring } = require('./deploy/monitoring.js');
        const [stage, variables] = process.argv.slice(1);
        const settings = read(JSON.parse(variables), stage);
        const timeouts = Object.fromEntries(Object.keys(settings.functionNames).map((name) => [name, 900]));
        console.log(JSON.stringify(monitoring(settings, timeouts)));
    """
    done = subprocess.run(["node", "-e", script, stage, json.dumps(variables)], cwd=ROOT, capture_output=True, text=True)
    return json.loads(done.stdout)["Resources"] if done.returncode == 0 else done.stderr


def of_type(resources, kind):
    return {name: resource["Properties"] for name, resource in resources.items() if resource["Type"] == kind}


def alarms(resources):
    """Alarms by the last part of their names."""
    found = of_type(resources, "AWS::CloudWatch::Alarm").values()
    return {re.sub("^data-pipeline-[a-z]+-", "", alarm["AlarmName"]): alarm for alarm in found}


def dimensions(metric):
    return {d["Name"]: d["Value"] for d in metric.get("Dimensions", [])}


def metrics_of(alarm):
    """The metrics that an alarm looks at: (namespace, name, dimensions, statistic, period)."""
    if "Metrics" not in alarm:
        return [(alarm["Namespace"], alarm["MetricName"], dimensions(alarm), alarm["Statistic"], alarm["Period"])]
    stats = [entry["MetricStat"] for entry in alarm["Metrics"] if "MetricStat" in entry]
    return [(s["Metric"]["Namespace"], s["Metric"]["MetricName"], dimensions(s["Metric"]), s["Stat"], s["Period"]) for s in stats]


def compared(alarm):
    [expression] = [entry["Expression"] for entry in alarm["Metrics"] if entry["ReturnData"]]
    return expression


# --- The topic ---------------------------------------------------------------------------------------------------


def test_the_topic_is_encrypted_with_a_key_that_alarms_may_use(template):
    topic = of_type(template["Resources"], "AWS::SNS::Topic")["AlarmTopic"]
    [key_id] = of_type(template["Resources"], "AWS::KMS::Key")
    assert topic["KmsMasterKeyId"] == {"Ref": key_id}
    statements = template["Resources"][key_id]["Properties"]["KeyPolicy"]["Statement"]
    services = [s for s in statements if "Service" in s["Principal"]]
    assert [s["Principal"]["Service"] for s in services] == ["cloudwatch.amazonaws.com"]
    assert set(services[0]["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    assert services[0]["Condition"]["StringEquals"]["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}


def test_only_alarms_of_this_account_publish_and_only_over_tls(template):
    policy = of_type(template["Resources"], "AWS::SNS::TopicPolicy")["AlarmTopicPolicy"]
    assert policy["Topics"] == [{"Ref": "AlarmTopic"}]
    allowed = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    denied = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
    assert [(s["Principal"], s["Action"]) for s in allowed] == [({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish")]
    assert allowed[0]["Condition"]["StringEquals"]["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}
    pattern = allowed[0]["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"].rsplit(":", 1)[1]
    names = [alarm["AlarmName"] for alarm in of_type(template["Resources"], "AWS::CloudWatch::Alarm").values()]
    assert all(name.startswith(pattern.removesuffix("*")) for name in names), "an alarm that may not publish"
    assert [s["Condition"] for s in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]


def test_each_address_is_subscribed_once_and_stays_subscribed_when_others_come_and_go():
    subscriptions = lambda addresses: of_type(monitoring(ALARM_EMAILS=addresses), "AWS::SNS::Subscription")
    first = subscriptions("a@example.org, b@example.org a@example.org")
    assert sorted(s["Endpoint"] for s in first.values()) == ["a@example.org", "b@example.org"]
    assert all(s["Protocol"] == "email" and s["TopicArn"] == {"Ref": "AlarmTopic"} for s in first.values())
    later = subscriptions("c@example.org,b@example.org")
    assert [name for name, s in first.items() if s["Endpoint"] == "b@example.org"] == [
        name for name, s in later.items() if s["Endpoint"] == "b@example.org"
    ]
    assert subscriptions("") == {}


def test_who_is_told_of_rejects_is_subscribed_to_a_topic_of_their_own():
    subscriptions = of_type(monitoring(ALARM_EMAILS="a@example.org", REJECT_EMAILS="a@example.org,b@example.org"), "AWS::SNS::Subscription").values()
    found = sorted((s["TopicArn"]["Ref"], s["Endpoint"]) for s in subscriptions)
    assert found == [("AlarmTopic", "a@example.org"), ("RejectsTopic", "a@example.org"), ("RejectsTopic", "b@example.org")]


def test_the_topic_of_rejects_is_encrypted_and_published_to_by_roles_only_and_over_tls(template):
    assert of_type(template["Resources"], "AWS::SNS::Topic")["RejectsTopic"]["KmsMasterKeyId"] == "alias/aws/sns"
    [denied] = of_type(template["Resources"], "AWS::SNS::TopicPolicy")["RejectsTopicPolicy"]["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Action"], denied["Condition"]) == ("Deny", "sns:Publish", {"Bool": {"aws:SecureTransport": "false"}})


# --- All alarms --------------------------------------------------------------------------------------------------


def test_every_alarm_says_what_it_means_what_to_do_first_and_where_to_read_on(template):
    for name, alarm in alarms(template["Resources"]).items():
        text = alarm["AlarmDescription"]
        assert "First: " in text and "docs/OPERATIONS.md" in text and name in text, name
        assert len(text) <= 1024, f"{name}: CloudWatch takes no more"


def test_every_alarm_goes_to_the_topic_and_says_what_missing_data_means(template):
    for name, alarm in alarms(template["Resources"]).items():
        assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}], name
        assert alarm.get("OKActions", alarm["AlarmActions"]) == alarm["AlarmActions"], name
        assert alarm["TreatMissingData"] in ("notBreaching", "breaching", "ignore"), name


def test_no_alarm_looks_further_back_than_cloudwatch_allows():
    resources = monitoring(NO_EMAIL_ALARM_HOURS="168")
    for name, alarm in alarms(resources).items():
        looked_at = metrics_of(alarm)
        [period] = {period for *_, period in looked_at}
        assert period % 60 == 0, name
        # PutMetricAlarm, parameter EvaluationPeriods: a day; seven days with periods of an hour or more.
        assert period * alarm["EvaluationPeriods"] <= (7 * 24 * HOUR if period >= HOUR else 24 * HOUR), name
        assert len(looked_at) <= 10, f"{name}: an alarm's expression takes no more metrics"


def test_alarms_look_at_functions_and_queues_that_exist(template):
    functions = {f["FunctionName"] for f in of_type(template["Resources"], "AWS::Lambda::Function").values()}
    for name, alarm in alarms(template["Resources"]).items():
        for namespace, _, of, _, _ in metrics_of(alarm):
            if namespace == "AWS/Lambda":
                assert of["FunctionName"] in functions, name
            elif namespace == "AWS/SQS":
                [queue, attribute] = of["QueueName"]["Fn::GetAtt"]
                assert template["Resources"][queue]["Type"] == "AWS::SQS::Queue" and attribute == "QueueName", name


# --- Each alarm --------------------------------------------------------------------------------------------------


def test_one_message_in_the_failure_queue_is_an_alarm(template):
    alarm = alarms(template["Resources"])["failure-queue"]
    [(_, name, of, stat, _)] = metrics_of(alarm)
    assert (name, of, stat) == ("ApproximateNumberOfMessagesVisible", {"QueueName": {"Fn::GetAtt": ["FailureQueue", "QueueName"]}}, "Maximum")
    assert (alarm["ComparisonOperator"], alarm["Threshold"], alarm["EvaluationPeriods"]) == ("GreaterThanOrEqualToThreshold", 1, 1)


def test_a_redrive_that_is_not_taken_is_an_alarm_but_not_while_it_is_still_tried(template):
    alarm = alarms(template["Resources"])["redrive-queue"]
    queue = template["Resources"]["RedriveQueue"]["Properties"]
    assert [(m[1], m[2]) for m in metrics_of(alarm)] == [("ApproximateAgeOfOldestMessage", {"QueueName": {"Fn::GetAtt": ["RedriveQueue", "QueueName"]}})]
    assert alarm["Threshold"] > queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"]


def test_people_who_are_not_told_are_an_alarm_but_not_while_an_email_may_still_be_worked_on(template):
    alarm = alarms(template["Resources"])["rejects-queue"]
    queue = template["Resources"]["RejectsQueue"]["Properties"]
    assert [(m[1], m[2]) for m in metrics_of(alarm)] == [("ApproximateAgeOfOldestMessage", {"QueueName": {"Fn::GetAtt": ["RejectsQueue", "QueueName"]}})]
    # notify waits two hours for the rest of an email (WAIT in crates/notify/src/look.rs).
    assert alarm["Threshold"] > 2 * HOUR + queue["DelaySeconds"] + queue["VisibilityTimeout"]


def test_a_function_that_fails_at_every_attempt_is_an_alarm_of_its_own(template):
    found = alarms(template["Resources"])
    configurations = of_type(template["Resources"], "AWS::Lambda::EventInvokeConfig").values()
    [attempts] = {1 + c["MaximumRetryAttempts"] for c in configurations}
    for function in FUNCTIONS:
        alarm = found[f"errors-{function}"]
        [(namespace, name, of, stat, period)] = metrics_of(alarm)
        assert (namespace, name, stat, period) == ("AWS/Lambda", "Errors", "Sum", HOUR)
        assert of["FunctionName"].endswith(f"-{function}")
        assert alarm["Threshold"] == attempts
    longest = max(f["Timeout"] for f in of_type(template["Resources"], "AWS::Lambda::Function").values())
    assert attempts * longest + 3 * 60 <= HOUR, "the attempts of one object, and Lambda's pauses of one and two minutes, fit into the alarm's hour"


def test_throttles_of_all_stages_are_one_alarm_if_they_last(template):
    alarm = alarms(template["Resources"])["throttles"]
    assert [m[2]["FunctionName"].split("-", 3)[3] for m in metrics_of(alarm)] == STAGE_FUNCTIONS
    assert {m[1:2] + m[3:] for m in metrics_of(alarm)} == {("Throttles", "Sum", 900)}
    assert compared(alarm) == "SUM(METRICS())"
    assert alarm["EvaluationPeriods"] * 900 == HOUR


def test_the_duration_alarm_measures_each_function_by_its_own_time_out(template):
    alarm = alarms(template["Resources"])["slow"]
    time_outs = {f["FunctionName"]: f["Timeout"] for f in of_type(template["Resources"], "AWS::Lambda::Function").values()}
    expressions = {entry["Id"]: entry["Expression"] for entry in alarm["Metrics"] if "Expression" in entry}
    measured = {}
    for entry in alarm["Metrics"]:
        if "MetricStat" in entry:
            assert (entry["MetricStat"]["Metric"]["MetricName"], entry["MetricStat"]["Stat"]) == ("Duration", "Maximum")
            [divisor] = [re.fullmatch(rf"{entry['Id']} / (\d+)", e)[1] for e in expressions.values() if e.startswith(f"{entry['Id']} ")]
            # Milliseconds by a hundredth of the time-out are per cent.
            measured[dimensions(entry["MetricStat"]["Metric"])["FunctionName"]] = int(divisor) / 10
    assert measured == time_outs
    assert compared(alarm) == "MAX([p0,p1,p2,p3,p4,p5])"
    # A stage gives up a minute before the time-out: the alarm comes earlier.
    assert all(alarm["Threshold"] / 100 * time_out < time_out - 60 for name, time_out in time_outs.items() if not name.endswith(("-sweep", "-notify")))


@pytest.mark.parametrize("hours", ["", "6"])
def test_the_oldest_stuck_object_of_each_bucket_is_an_alarm(hours):
    found = alarms(monitoring(STUCK_ALARM_HOURS=hours))
    for bucket in ["inbox", "process", "uncompressed", "spreadsheet"]:
        alarm = found[f"stuck-{bucket}"]
        assert [m[1:4] for m in metrics_of(alarm)] == [("OldestAge", {"Bucket": bucket}, "Maximum")]
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (int(hours or 2) * HOUR, "GreaterThanThreshold")
        assert alarm["TreatMissingData"] == "ignore", "when the sweep is out, nobody knows"


def test_a_file_that_no_importer_takes_is_an_alarm():
    alarm = alarms(monitoring())["importer"]
    assert [m[1:4] for m in metrics_of(alarm)] == [("OldestAge", {"Bucket": "amr-data"}, "Maximum")]
    assert alarm["Threshold"] == 36 * HOUR
    assert alarms(monitoring(IMPORTER_ALARM_HOURS="12"))["importer"]["Threshold"] == 12 * HOUR
    assert "importer" not in alarms(monitoring(IMPORTER_ALARM_HOURS="0"))


def test_a_reject_that_is_not_not_data_is_an_alarm():
    alarm = alarms(monitoring())["rejects"]
    assert [m[1:4] for m in metrics_of(alarm)] == [("RejectsToLookAt", {}, "Sum")]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", 1)
    assert alarms(monitoring(REJECTS_ALARM_COUNT="20"))["rejects"]["Threshold"] == 20
    assert "rejects" not in alarms(monitoring(REJECTS_ALARM_COUNT="0"))


def test_no_email_for_a_day_is_an_alarm_in_production_and_for_some_hours_where_it_is_wanted():
    alarm = alarms(monitoring())["no-email"]
    outcomes = ["done", "partly", "rejected", "no-files"]
    wanted = [("Objects", {"Stage": "unpack-attachments", "Outcome": outcome}, "Sum") for outcome in outcomes]
    assert [m[1:4] for m in metrics_of(alarm)] == wanted
    assert (alarm["ComparisonOperator"], alarm["Threshold"], alarm["TreatMissingData"]) == ("LessThanThreshold", 1, "breaching")
    assert compared(alarm) == "FILL(emails, 0)"
    [period] = {m[4] for m in metrics_of(alarm)}
    assert period * alarm["EvaluationPeriods"] == 24 * HOUR and "24 hours" in alarm["AlarmDescription"]
    assert alarms(monitoring("development", NO_EMAIL_ALARM_HOURS="72"))["no-email"]["EvaluationPeriods"] == 72
    for off in [monitoring("development"), monitoring("test"), monitoring(NO_EMAIL_ALARM_HOURS="0")]:
        assert "no-email" not in alarms(off)


def test_a_sweep_that_does_not_report_every_bucket_is_an_alarm(template):
    alarm = alarms(template["Resources"])["sweep"]
    looked_at = metrics_of(alarm)
    assert [m[2]["Bucket"] for m in looked_at] == ["inbox", "process", "uncompressed", "spreadsheet", "amr-data"]
    [(name, stat, period)] = {(m[1], *m[3:]) for m in looked_at}
    assert (name, stat) == ("OldestAge", "SampleCount")
    # Without FILL CloudWatch would look for as many points as it has periods further and further back.
    expressions = [entry["Expression"] for entry in alarm["Metrics"] if "Expression" in entry]
    assert expressions == ["SUM(METRICS())", "FILL(reports, 0)"] and compared(alarm) == expressions[1]
    assert (alarm["Threshold"], alarm["ComparisonOperator"], alarm["TreatMissingData"]) == (len(looked_at), "LessThanThreshold", "breaching")
    [schedule] = of_type(template["Resources"], "AWS::Events::Rule").values()
    assert schedule["ScheduleExpression"] == f"rate({period // 60} minutes)"


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"ALARM_EMAILS": "ops@example.org,ops"}, 'ALARM_EMAILS has "ops"'),
        ({"NO_EMAIL_ALARM_HOURS": "169"}, "NO_EMAIL_ALARM_HOURS"),
        ({"STUCK_ALARM_HOURS": "soon"}, "STUCK_ALARM_HOURS"),
        ({"STUCK_ALARM_HOURS": "1"}, "STUCK_ALARM_HOURS (1) is not more than SWEEP_AFTER_MINUTES (60)"),
        ({"IMPORTER_ALARM_HOURS": "-1"}, "IMPORTER_ALARM_HOURS"),
        ({"REJECTS_ALARM_COUNT": "1.5"}, "REJECTS_ALARM_COUNT"),
        ({"LOG_RETENTION_DAYS": "100"}, "LOG_RETENTION_DAYS"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(variables, problem):
    assert problem in monitoring(**variables)


# --- The dashboard -----------------------------------------------------------------------------------------------


def body(resources):
    [dashboard] = of_type(resources, "AWS::CloudWatch::Dashboard").values()
    return json.loads(dashboard["DashboardBody"]["Fn::Sub"])


def metric_widgets(resources):
    return [widget["properties"] for widget in body(resources)["widgets"] if widget["type"] == "metric"]


def drawn(entry):
    """An entry of a widget's metrics: what comes first, and how it is drawn."""
    return (entry[:-1], entry[-1]) if isinstance(entry[-1], dict) else (entry, {})


def test_widgets_lie_on_the_grid_beside_each_other(template):
    taken = set()
    for widget in body(template["Resources"])["widgets"]:
        assert 0 <= widget["x"] and widget["x"] + widget["width"] <= 24 and 1 <= widget["height"] <= 1000
        cells = {(x, y) for x in range(widget["x"], widget["x"] + widget["width"]) for y in range(widget["y"], widget["y"] + widget["height"])}
        assert not cells & taken, f"{widget['properties']} lies on another widget"
        taken |= cells
    assert len(taken) == 24 * (max(y for _, y in taken) + 1), "no hole"


def test_widgets_are_such_as_cloudwatch_knows(template):
    dashboard = body(template["Resources"])
    assert set(dashboard) <= {"start", "end", "periodOverride", "widgets"} and re.fullmatch(r"-P(T\d+[MH]|\d+[DWM])", dashboard["start"])
    required = {"text": {"markdown"}, "alarm": {"title", "alarms"}, "log": {"title", "region", "query"}, "metric": {"title", "region", "metrics", "period", "stat", "view"}}
    assert len(dashboard["widgets"]) <= 500
    for widget in dashboard["widgets"]:
        properties = widget["properties"]
        assert required[widget["type"]] <= set(properties), properties
        if "region" in properties:
            assert properties["region"] == "${AWS::Region}"
        if widget["type"] == "log":
            groups = re.findall(r"SOURCE '([^']+)'", properties["query"])
            assert groups == [g["LogGroupName"] for g in of_type(template["Resources"], "AWS::Logs::LogGroup").values()]


def test_metrics_of_widgets_are_written_as_cloudwatch_reads_them(template):
    for properties in metric_widgets(template["Resources"]):
        assert properties["view"] in ("timeSeries", "singleValue") and properties["period"] % 60 == 0
        ids = []
        for entry in properties["metrics"]:
            what, how = drawn(entry)
            assert set(how) <= {"id", "label", "color", "stat", "visible", "expression"}, how
            if "expression" in how:
                assert what == []
                used = set(re.findall(r"\b[a-z]\d+\b", re.sub("'[^']*'", "", how["expression"])))
                assert used <= set(ids), f"{how['expression']} uses what is not fetched before it"
            else:
                # Namespace, name, and pairs of dimension and value.
                assert len(what) >= 2 and len(what) % 2 == 0 and all(isinstance(part, str) and part for part in what)
            if "id" in how:
                assert re.fullmatch(r"[a-z][A-Za-z0-9_]*", how["id"]) and how["id"] not in ids
                ids.append(how["id"])
        assert len(properties["metrics"]) <= 500


def test_the_dashboard_shows_every_alarm_first(template):
    [alarm_widget] = [w["properties"] for w in body(template["Resources"])["widgets"] if w["type"] == "alarm"]
    # An alarm's Ref is its name.
    arn = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:"
    assert alarm_widget["alarms"] == [f"{arn}${{{name}}}" for name in of_type(template["Resources"], "AWS::CloudWatch::Alarm")]
    assert len(alarm_widget["alarms"]) <= 100


def test_what_the_dashboard_refers_to_is_in_the_stack(template):
    [dashboard] = of_type(template["Resources"], "AWS::CloudWatch::Dashboard").values()
    for reference in re.findall(r"\$\{([^}]+)\}", dashboard["DashboardBody"]["Fn::Sub"]):
        assert reference.startswith("AWS::") or reference.split(".")[0] in template["Resources"], reference
    functions = {f["FunctionName"] for f in of_type(template["Resources"], "AWS::Lambda::Function").values()}
    for properties in metric_widgets(template["Resources"]):
        for what, _ in map(drawn, properties["metrics"]):
            if what[:1] == ["AWS/Lambda"]:
                assert what[3] in functions


def test_the_picture_of_the_dashboard_is_that_of_the_template(package, tmp_path):
    (tmp_path / "template.json").write_text(json.dumps(package("production")))
    script = [sys.executable, ROOT / "docs/dashboard.py", tmp_path / "template.json"]
    again = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    assert (ROOT / "docs/dashboard.svg").read_text() == again, "draw it again: docs/dashboard.py says how"


# --- What the code really publishes and logs -----------------------------------------------------------------------


def own_metrics(template):
    """The metrics of our namespace that alarms and dashboard look at: name and dimensions' names."""
    namespaces = {f["Environment"]["Variables"]["METRICS_NAMESPACE"] for f in of_type(template["Resources"], "AWS::Lambda::Function").values()}
    [namespace] = namespaces
    for alarm in alarms(template["Resources"]).values():
        yield from ((m[1], frozenset(m[2])) for m in metrics_of(alarm) if m[0] == namespace)
    for properties in metric_widgets(template["Resources"]):
        for what, how in map(drawn, properties["metrics"]):
            if "SEARCH" in how.get("expression", ""):
                found = re.fullmatch(r"""SEARCH\('\{"([^"]+)",(\w+)\} MetricName="(\w+)"', 'Sum', \d+\)""", how["expression"])
                assert found[1] == namespace
                yield found[3], frozenset([found[2]])
            elif what and not what[0].startswith("AWS/"):
                assert what[0] == namespace
                yield what[1], frozenset(what[2::2])


def record():
    """What real functions printed (docs/dashboard.py says how it is made anew)."""
    return [json.loads(line) for line in (ROOT / "docs/dashboard.jsonl").read_text().splitlines()]


def rust_sources():
    """What the functions are made of."""
    crates = ["pipeline-core", *FUNCTIONS]
    return [path.read_text() for crate in crates for path in sorted((ROOT / "crates" / crate / "src").rglob("*.rs"))]


def test_alarms_and_dashboard_look_at_metrics_that_functions_publish(template):
    published = {
        (metric["Name"], frozenset(dimensions))
        for line in record()
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", [])
        for dimensions in directive["Dimensions"]
        for metric in directive["Metrics"]
    }
    used = set(own_metrics(template))
    assert len(used) >= 10
    assert used <= published
    # The record may be older than the code: a metric or dimension that is renamed there is missed here.
    source = "\n".join(rust_sources())
    for name, of in used:
        assert all(f'"{word}"' in source for word in [name, *of]), name


def test_outcomes_and_buckets_of_the_dashboard_are_those_of_the_code(template):
    source = "\n".join(rust_sources())
    for properties in metric_widgets(template["Resources"]):
        for what, _ in map(drawn, properties["metrics"]):
            if what and not what[0].startswith("AWS/"):
                assert all(f'"{value}"' in source for value in what[3::2]), what


LOG_MACRO = re.compile(r"tracing::(?:error|warn|info)!\(")


def logged_fields():
    """The fields of all log lines, read from the code: `name = value`, `name`, `%name` or `?name` in a macro of tracing."""
    fields = set()
    for text in rust_sources():
        for start in LOG_MACRO.finditer(text):
            depth, part, parts = 1, "", []
            for character in re.sub(r'"(?:[^"\\]|\\.)*"', '""', re.sub("//.*", "", text[start.end():])):
                depth += (character in "([{") - (character in ")]}")
                if depth == 0:
                    break
                if character == "," and depth == 1:
                    parts, part = [*parts, part], ""
                else:
                    part += character
            for part in [*parts, part]:
                if found := re.fullmatch(r"\s*(?:[%?]?(\w+)|(\w+)\s*=[^=].*)\s*", part, re.DOTALL):
                    fields.add(found[1] or found[2])
    return fields


def queries(resources):
    return of_type(resources, "AWS::Logs::QueryDefinition").values()


def query_fields(text):
    """The fields that a query reads."""
    text = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    text = re.sub(r'"[^"]*"|\'[^\']*\'|/[^/\n]+/', "", text.replace(" / 1000", ""))
    named = set(re.findall(r"\bas (\w+)", text))
    words = set(re.findall(r"[@\w]+", text))
    language = set("SOURCE fields filter stats sort limit desc asc by as and or not like ispresent count latest".split())
    return {word for word in words - language - named if not word.isdigit()}


def test_queries_use_fields_that_the_code_logs(template):
    # What tracing-subscriber adds to every line, and Logs Insights to every event.
    known = logged_fields() | {"level", "timestamp", "target", "message"} | {"@timestamp", "@message", "@log"}
    assert {"message_key", "duration_ms", "cause", "error_type"} <= known, "the code is not read rightly"
    texts = [query["QueryString"] for query in queries(template["Resources"])]
    texts += [w["properties"]["query"] for w in body(template["Resources"])["widgets"] if w["type"] == "log"]
    for text in texts:
        assert query_fields(text) and query_fields(text) <= known, text


def test_the_recorded_lines_have_the_fields_of_the_queries(template):
    recorded = {field for line in record() if "_aws" not in line for field in line}
    # Of events that nobody can read, and of sweeps whose time does not suffice: no run of the record is so unlucky.
    recorded |= {"error", "left"}
    for query in queries(template["Resources"]):
        assert {f for f in query_fields(query["QueryString"]) if not f.startswith("@")} <= recorded, query["Name"]


# --- Logs --------------------------------------------------------------------------------------------------------


def test_every_function_has_a_log_group_that_forgets_after_a_while(template):
    groups = of_type(template["Resources"], "AWS::Logs::LogGroup").values()
    names = {f"/aws/lambda/{f['FunctionName']}" for f in of_type(template["Resources"], "AWS::Lambda::Function").values()}
    assert {group["LogGroupName"] for group in groups} == names and len(names) == len(FUNCTIONS)
    assert all(group["RetentionInDays"] >= 30 for group in groups)


def test_saved_queries_lie_in_one_folder_and_ask_all_functions(template):
    saved = queries(template["Resources"])
    [folder] = {query["Name"].split("/")[0] for query in saved}
    assert re.fullmatch(r"data-pipeline-[a-z]+", folder)
    assert len({query["Name"] for query in saved}) == len(saved) >= 6
    groups = [{"Ref": name} for name in of_type(template["Resources"], "AWS::Logs::LogGroup")]
    for query in saved:
        assert query["LogGroupNames"] == groups, query["Name"]
        assert len(query["QueryString"]) <= 10_000


def test_descriptions_of_alarms_name_queries_that_exist(template):
    names = {query["Name"].split("/")[1] for query in queries(template["Resources"])}
    for alarm in alarms(template["Resources"]).values():
        for found in re.findall(r"saved quer(?:y|ies) ((?:\"[^\"]+\"(?: and )?)+)", alarm["AlarmDescription"]):
            assert set(re.findall(r'"([^"]+)"', found)) <= names, alarm["AlarmName"]
