#!/usr/bin/env python3
"""Draws docs/dashboard.svg: the dashboard of a packaged template, with the figures of a recorded run.

    LAMBDA_ARCHITECTURE=x86_64 npx sls package --stage production       # of what target/package has
    python3 docs/dashboard.py .serverless/cloudformation-template-update-stack.json > docs/dashboard.svg

The record, docs/dashboard.jsonl, is what real functions printed, their logs and metrics; tests/examples/record.rs makes it anew. A run of
seconds is stretched to the dashboard's day; all values stay what they were. Metrics that AWS itself publishes are not in such a record,
and stay empty, as CloudWatch shows what has no data; the state of each alarm is the one that CloudWatch would give it.
"""

import json
import re
import sys
from html import escape
from math import ceil
from pathlib import Path

DAY = 24 * 3600
COLUMN, ROW = 58, 42
PALETTE = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"]


class Record:
    """What a run printed: points of metrics, and lines of logs, by second of the day."""

    def __init__(self, lines):
        lines = [json.loads(line) for line in lines if line.startswith("{")]
        metrics = [line for line in lines if "_aws" in line]
        times = [line["_aws"]["Timestamp"] for line in metrics]
        first, last = min(times), max(times)
        self.logs = [line for line in lines if "_aws" not in line]
        self.points = {}
        for line in metrics:
            second = (line["_aws"]["Timestamp"] - first) / max(last - first, 1) * (DAY - 1)
            for directive in line["_aws"]["CloudWatchMetrics"]:
                for dimensions in directive["Dimensions"]:
                    where = frozenset((name, line[name]) for name in dimensions)
                    for metric in directive["Metrics"]:
                        values = line[metric["Name"]]
                        key = (directive["Namespace"], metric["Name"], where)
                        self.points.setdefault(key, []).extend((second, value) for value in (values if isinstance(values, list) else [values]))

    def series(self, key, stat, period):
        """A metric by period: {number of the period: value}."""
        periods = {}
        for second, value in self.points.get(key, []):
            periods.setdefault(int(second // period), []).append(value)
        return {number: statistic(stat, values) for number, values in periods.items()}

    def search(self, expression, period):
        """What SEARCH finds: (value of the dimension, series)."""
        namespace, dimension, name, stat = re.fullmatch(r"""SEARCH\('\{"(.+)",(\w+)\} MetricName="(\w+)"', '(\w+)', \d+\)""", expression).groups()
        found = [key for key in self.points if key[:2] == (namespace, name) and [of for of, _ in key[2]] == [dimension]]
        return sorted((dict(key[2])[dimension], self.series(key, stat, period)) for key in found)


def statistic(stat, values):
    if stat.startswith("p"):
        return sorted(values)[max(ceil(len(values) * float(stat[1:]) / 100) - 1, 0)]
    return {"Sum": sum, "Maximum": max, "SampleCount": len}[stat](values)


def calculate(expression, known, periods):
    """The metric math that the dashboard and the alarms use."""
    if found := re.fullmatch(r"(SUM|MAX)\((?:METRICS\(\)|\[(.*)\])\)", expression):
        function = {"SUM": sum, "MAX": max}[found[1]]
        parts = [known[name.strip()] for name in found[2].split(",")] if found[2] else list(known.values())
        return {number: function(part[number] for part in parts if number in part) for number in set().union(*parts)}
    if found := re.fullmatch(r"(\w+) / (\d+)", expression):
        return {number: value / int(found[2]) for number, value in known[found[1]].items()}
    if found := re.fullmatch(r"FILL\((\w+), 0\)", expression):
        return {number: known[found[1]].get(number, 0) for number in range(periods)} if known[found[1]] else {}
    raise ValueError(f"cannot calculate {expression}")


def lines_of(widget, record):
    """What a metric widget shows: [(label, colour, series)]."""
    properties = widget["properties"]
    period = DAY if properties.get("setPeriodToTimeRange") else properties["period"]
    known, shown = {}, []
    for entry in properties["metrics"]:
        drawn = entry[-1] if isinstance(entry[-1], dict) else {}
        if "expression" in drawn:
            if drawn["expression"].startswith("SEARCH"):
                shown += [(label, None, series) for label, series in record.search(drawn["expression"], period)]
                continue
            series = calculate(drawn["expression"], known, DAY // period)
        else:
            namespace, name, *dimensions = entry[:-1]
            key = (namespace, name, frozenset(zip(dimensions[::2], dimensions[1::2])))
            series = record.series(key, drawn.get("stat", properties["stat"]), period)
        if "id" in drawn:
            known[drawn["id"]] = series
        if drawn.get("visible", True):
            shown.append((drawn["label"], drawn.get("color"), series))
    return [(label, color or PALETTE[index % len(PALETTE)], series) for index, (label, color, series) in enumerate(shown)]


def state(alarm, record):
    """The state that CloudWatch would give an alarm at the end of the day."""
    where = lambda metric: (metric["Namespace"], metric["MetricName"], frozenset((d["Name"], str(d["Value"])) for d in metric["Dimensions"]))
    if "Metrics" in alarm:
        known = {}
        for entry in alarm["Metrics"]:
            if "MetricStat" in entry:
                period = entry["MetricStat"]["Period"]
                known[entry["Id"]] = record.series(where(entry["MetricStat"]["Metric"]), entry["MetricStat"]["Stat"], period)
            else:
                series = known[entry["Id"]] = calculate(entry["Expression"], known, DAY // period)
    else:
        period = alarm["Period"]
        series = record.series(where(alarm), alarm["Statistic"], period)
    last = DAY // period
    values = [series.get(number) for number in range(last - alarm["EvaluationPeriods"], last)]
    if not any(value is not None for value in values) and alarm["TreatMissingData"] == "ignore":
        return "Insufficient data"
    breaches = {
        "GreaterThanThreshold": lambda value: value > alarm["Threshold"],
        "GreaterThanOrEqualToThreshold": lambda value: value >= alarm["Threshold"],
        "LessThanThreshold": lambda value: value < alarm["Threshold"],
    }[alarm["ComparisonOperator"]]
    missing = alarm["TreatMissingData"] == "breaching"
    return "In alarm" if all(missing if value is None else breaches(value) for value in values) else "OK"


def rows_of(query, record):
    """What a log widget shows: its columns, and the rows, newest first."""
    columns = re.search(r"\| fields ([^|]+?) \|", query)[1].split(", ")
    condition = re.search(r"\| filter (.+?) \| (?:sort|limit)", query)[1]
    tests = {
        r"ispresent\((\w+)\)": lambda line, found: line.get(found[1]) is not None,
        r'(\w+) = "([^"]*)"': lambda line, found: line.get(found[1]) == found[2],
        r'(\w+) != "([^"]*)"': lambda line, found: line.get(found[1]) != found[2],
        r"@message like /(.*)/": lambda line, found: re.search(found[1], json.dumps(line)) is not None,
    }

    def holds(line, text):
        return any(test(line, found) for pattern, test in tests.items() if (found := re.fullmatch(pattern, text)))

    chosen = [line for line in record.logs if any(all(holds(line, one) for one in part.split(" and ")) for part in condition.split(" or "))]
    chosen.sort(key=lambda line: line["timestamp"], reverse=True)
    return columns, [[str(line.get(column.replace("@timestamp", "timestamp"), "") or "") for column in columns] for line in chosen]


def text(x, y, content, size=11, color="#16191f", **attributes):
    more = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" fill="{color}"{more}>{escape(content)}</text>'


def short(value):
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.1f}{unit}"
    return f"{value:.0f}" if value == int(value) else f"{value:.2f}"


def cut(content, pixels, size=11):
    most = max(int(pixels / (size * 0.56)), 4)
    return content if len(content) <= most else content[: most - 1] + "…"


def draw_graph(widget, record, x, y, width, height):
    properties, lines = widget["properties"], lines_of(widget, record)
    legend = [line for line in lines if line[2]]
    left, top, right, bottom = x + 38, y + 30, x + width - 10, y + height - 16 - 14 * min(ceil(len(legend) / 2), 4)
    marks = properties.get("annotations", {}).get("horizontal", [])
    periods, stacked = DAY // properties["period"], properties["stacked"]
    totals = [0.0] * periods
    for _, _, series in lines:
        for number, value in series.items():
            totals[number] = totals[number] + value if stacked else max(totals[number], value)
    most = max([*totals, *(mark["value"] for mark in marks)]) or 1
    place = lambda value: bottom - value / most * (bottom - top)
    at = lambda number: left + (number + 0.5) / periods * (right - left)
    for share in (0, 0.5, 1):
        yield f'<path d="M{left} {place(most * share):.1f}H{right}" stroke="#e0e4e8"/>'
        yield text(left - 4, place(most * share) + 4, short(most * share), 9, "#687078", text_anchor="end")
    for hour in (0, 6, 12, 18, 24):
        yield text(left + hour / 24 * (right - left), bottom + 12, f"{hour:02}:00", 9, "#687078", text_anchor="middle")
    if not legend:
        yield text((left + right) / 2, (top + bottom) / 2, "No data in this record", 11, "#687078", text_anchor="middle")
    base = [0.0] * periods
    for _, color, series in lines:
        if stacked:
            bar = max((right - left) / periods - 0.5, 1)
            for number, value in sorted(series.items()):
                upper, lower = place(base[number] + value), place(base[number])
                base[number] += value
                yield f'<rect x="{at(number) - bar / 2:.1f}" y="{upper:.1f}" width="{bar:.1f}" height="{lower - upper:.1f}" fill="{color}"/>'
        elif series:
            points = " ".join(f"{at(number):.1f},{place(value):.1f}" for number, value in sorted(series.items()))
            yield f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.5"/>'
            yield from (f'<circle cx="{at(number):.1f}" cy="{place(value):.1f}" r="1.6" fill="{color}"/>' for number, value in series.items())
    for mark in marks:
        yield f'<path d="M{left} {place(mark["value"]):.1f}H{right}" stroke="{mark["color"]}" stroke-dasharray="4 3"/>'
        yield text(right, place(mark["value"]) - 3, mark["label"], 9, mark["color"], text_anchor="end")
    for index, (label, color, _) in enumerate(legend[:8]):
        column, line = index % 2, index // 2
        of_x, of_y = left + column * (right - left) / 2, bottom + 27 + line * 14
        yield f'<rect x="{of_x - 10:.0f}" y="{of_y - 8:.0f}" width="8" height="8" fill="{color}"/>'
        yield text(of_x + 2, of_y, cut(label, (right - left) / 2 - 14, 10), 10, "#16191f")


def draw_numbers(widget, record, x, y, width, _height):
    lines = lines_of(widget, record)
    for index, (label, color, series) in enumerate(lines):
        middle = x + (index + 0.5) * width / len(lines)
        yield text(middle, y + 84, short(series[max(series)]) if series else "--", 32, color, text_anchor="middle")
        yield text(middle, y + 110, label, 11, "#687078", text_anchor="middle")


def draw_log(widget, record, x, y, width, height):
    columns, rows = rows_of(widget["properties"]["query"], record)
    shares = {"@timestamp": 3, "reason_code": 2, "area": 2, "stage": 2.4}
    total = sum(shares.get(column, 7) for column in columns)
    room = int((height - 50) // 17)
    if not rows:
        yield text(x + width / 2, y + height / 2, "No log line in this record", 11, "#687078", text_anchor="middle")
    for number, row in enumerate([columns, *rows[:room]]):
        left = x + 12
        for column, value in zip(columns, row):
            of = shares.get(column, 7) / total * (width - 24)
            value = value[:19].replace("T", " ") if column == "@timestamp" and number else value
            yield text(left, y + 44 + number * 17, cut(value, of - 8, 10), 10, "#16191f" if number else "#687078")
            left += of


def draw_alarms(alarms, record, x, y, width, height):
    across = 6
    down = ceil(len(alarms) / across)
    colors = {"OK": ("#2ca02c", "#eaf6ea"), "In alarm": ("#d62728", "#fbe9e9"), "Insufficient data": ("#7f7f7f", "#f2f3f3")}
    for index, alarm in enumerate(alarms):
        now = state(alarm, record)
        color, paper = colors[now]
        of_width, of_height = (width - 24) / across, (height - 36) / down
        left, top = x + 12 + index % across * of_width, y + 28 + index // across * of_height
        yield f'<rect x="{left:.1f}" y="{top:.1f}" width="{of_width - 6:.1f}" height="{of_height - 5:.1f}" rx="3" fill="{paper}" stroke="{color}"/>'
        name = alarm["AlarmName"].split("-", 3)[3]
        yield text(left + 8, top + of_height / 2 + 1, cut(f"{name}: {now}", of_width - 16), 11, color)


def draw(template, record):
    resources = template["Resources"]
    body = json.loads(next(r for r in resources.values() if r["Type"] == "AWS::CloudWatch::Dashboard")["Properties"]["DashboardBody"]["Fn::Sub"])
    widgets = body["widgets"]
    width, bottom = 24 * COLUMN, max(w["y"] + w["height"] for w in widgets) * ROW
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom + 46}" font-family="Helvetica, Arial, sans-serif">'
    yield f'<rect width="{width}" height="{bottom + 46}" fill="#f2f3f3"/>'
    for widget in widgets:
        x, y, w, h = widget["x"] * COLUMN + 4, widget["y"] * ROW + 4, widget["width"] * COLUMN - 8, widget["height"] * ROW - 8
        yield f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="4" fill="#fff" stroke="#d5dbdb"/>'
        properties = widget["properties"]
        if widget["type"] == "text":
            title, rest = properties["markdown"].split("\n", 1)
            yield text(x + 12, y + 30, title.lstrip("# "), 20, font_weight="bold")
            yield text(x + 12, y + 56, rest.replace("*", ""), 12)
            continue
        yield text(x + 12, y + 20, cut(properties["title"], w - 20, 13), 13, font_weight="bold")
        if widget["type"] == "alarm":
            alarms = [resources[re.search(r"alarm:\$\{(\w+)\}$", arn)[1]]["Properties"] for arn in properties["alarms"]]
            yield from draw_alarms(alarms, record, x, y, w, h)
        elif widget["type"] == "log":
            yield from draw_log(widget, record, x, y, w, h)
        else:
            yield from {"singleValue": draw_numbers, "timeSeries": draw_graph}[properties["view"]](widget, record, x, y, w, h)
    captions = [
        "A drawing, no screenshot: layout and alarms of the packaged template; figures of a recorded run of the functions over golden emails, seconds stretched to a day.",
        "Metrics that AWS itself publishes (Lambda, SQS) are not in the record: their alarms are OK for want of data. The S3 of the record tells the time of arrival in whole seconds.",
    ]
    for line, caption in enumerate(captions):
        yield text(8, bottom + 20 + 16 * line, caption, 11, "#687078")
    yield "</svg>"


def main(template, record=Path(__file__).with_suffix(".jsonl")):
    print("\n".join(draw(json.loads(Path(template).read_text()), Record(Path(record).read_text().splitlines()))))


if __name__ == "__main__":
    main(*sys.argv[1:])
