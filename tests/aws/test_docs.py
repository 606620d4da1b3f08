"""What the docs say of the deployment is so."""

import re

from conftest import ROOT
from test_monitoring import alarms, monitoring

OPERATIONS = (ROOT / "docs/OPERATIONS.md").read_text()
SOURCES = "".join(path.read_text() for path in (ROOT / "crates").glob("*/src/**/*.rs"))


def chapter(title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", OPERATIONS, re.S | re.M)[1]


def rows(title):
    """The first column of a chapter's tables: what stands in back quotes."""
    first = [line.split("|")[1] for line in chapter(title).splitlines() if line.startswith("| `")]
    return {name for cell in first for name in re.findall("`([^`]+)`", cell)}


def test_every_alarm_is_explained_and_no_other():
    general = [("errors-", "errors-<function>"), ("stuck-", "stuck-<bucket>")]
    names = set()
    for name in alarms(monitoring()):
        names.add(next((row for start, row in general if name.startswith(start)), name))
    assert rows("Alarms") == names


def test_every_error_type_is_explained():
    bodies = re.findall(r"fn error_type\(&self\).*?\n    }", SOURCES, re.S)
    found = {name for body in bodies for name in re.findall(r'=> "(\w+)"', body)}
    found |= set(re.findall(r'error_type(?:: | = )"(\w+)"', SOURCES))
    assert {"S3Refused", "DeadlineNear", "Panic", "LambdaRefused"} <= found
    # Never told: another failure came first, and is. Told only to whoever starts a function by hand.
    assert found - {"Stopped", "NotOnLambda"} <= rows("Errors"), found


def test_every_variable_of_the_deployment_is_explained():
    settings = (ROOT / "deploy/settings.js").read_text()
    explained = set(re.findall(r"^#?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    read = set(re.findall(r"vars\.\w+\('([A-Z][A-Z_]+)'", settings))
    assert len(read) > 20
    assert read <= explained, read - explained


def test_what_the_docs_link_to_is_there():
    for page in ["README.md", "docs/OPERATIONS.md", "docs/ARCHITECTURE.md", "docs/SEMANTICS.md", "docs/FORMATS.md"]:
        text = (ROOT / page).read_text()
        headings = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", text, re.M)}
        for link in re.findall(r"\]\(([^)]+)\)", text):
            if link.startswith("#"):
                assert link[1:] in headings, f"{page}: {link}"
            elif not link.startswith("http"):
                assert ((ROOT / page).parent / link.split("#")[0]).exists(), f"{page}: {link}"
