"""What is measured: the inputs, ours and the peers, and the targets."""

import dataclasses
import functools

from . import places, tools


@dataclasses.dataclass
class Entry:
    """A program of a row."""

    name: str
    command: list
    ours: bool = False
    # Commands and packages without which it cannot run.
    needs: tuple = ()
    # How often it runs, if less often than the others.
    runs: int | None = None
    cpu_limit: int = 60
    # Whether its output is to be ours: "bytes", "cells" (numbers alike, dates may be written otherwise), or "" where it is something else.
    compare: str = "bytes"
    # The files that count where it writes files.
    files: str = "*.csv"


@dataclasses.dataclass
class Target:
    """At least so many times the speed of the fastest of these."""

    factor: float
    of: list
    what: str


@dataclasses.dataclass
class Row:
    """An input, and who reads it."""

    key: str
    title: str
    input: str
    entries: list
    targets: list = dataclasses.field(default_factory=list)
    # The most memory that ours may take, in MB (or MiB, as the targets have it: the stricter).
    peak_mb: float | None = None
    # The same as a part of another's.
    peak_part: tuple | None = None
    # The same as the input's size and so many MB.
    peak_beyond: float | None = None


def ours(what, path, name="ours"):
    return Entry(name, [str(places.OURS), what, path], ours=True)


def rust(how, path, name, **more):
    return Entry(name, [str(places.RUST_PEERS), how, path], **more)


def python(how, path, name, needs=(), **more):
    packages = tuple(f"python:{package}" for package in needs)
    return Entry(name, [tools.python(), str(places.PYTHON_PEERS), how, path], needs=packages, **more)


def shell(script, path, name, needs=(), **more):
    return Entry(name, ["sh", "-c", script, "sh", path], needs=needs, **more)


BLANK = "LC_ALL=C grep -av '^[[:space:]]*$'"
PIPES = {
    "utf-8": f"iconv -f UTF-8 -t UTF-8 \"$1\" | tr -d '\\000\\r' | {BLANK}",
    "utf-16": f"iconv -f UTF-16 -t UTF-8 \"$1\" | tr -d '\\000\\r' | {BLANK}",
    "windows-1252": f"iconv -f CP1252 -t UTF-8 \"$1\" | tr '\\r' '\\n' | tr -d '\\000' | {BLANK}",
}


def cleaning(encoding, title, path):
    return Row(
        key=f"csv-{encoding}",
        title=f"CSV cleaning, {title}",
        input=path,
        entries=[
            ours("clean", path),
            rust("csv", path, "crate csv"),
            python(f"clean-{encoding}", path, "Python, line by line"),
            shell(PIPES[encoding], path, "iconv \\| tr \\| grep", ("iconv", "tr", "grep")),
        ],
        targets=[Target(5, ["crate csv", "Python, line by line", "iconv \\| tr \\| grep"], "the fastest existing tool")],
        peak_mb=16,
    )


def slow(entry, limit=150):
    return dataclasses.replace(entry, runs=1, cpu_limit=limit, compare="cells")


def office(path, extension):
    needs = ("openpyxl", "pandas") if extension == "xlsx" else ("xlrd", "pandas")
    return [
        slow(python("pandas", path, f"pandas + {needs[0]}", needs)),
        slow(shell(f"ssconvert -T Gnumeric_stf:stf_csv \"$1\" fd://1", path, "ssconvert", ("ssconvert",))),
    ]


def xlsx(key, title, path, targets, **memory):
    cells = "calamine, cells reader + csv"
    scripts = places.VENV / "bin"
    return Row(
        key=key,
        title=title,
        input=path,
        entries=[
            ours("convert", path),
            rust("calamine-cells", path, cells),
            rust("calamine-range", path, "calamine, worksheet_range + csv"),
            python("polars", path, "polars + calamine", ("polars", "fastexcel"), compare="cells", runs=3),
            *office(path, "xlsx"),
            slow(Entry("xlsx2csv", [str(scripts / "xlsx2csv"), path], needs=("python:xlsx2csv",))),
            slow(Entry("in2csv", [str(scripts / "in2csv"), "--no-inference", path], needs=("python:csvkit",))),
        ],
        targets=[Target(factor, [cells], "calamine's cells reader + csv") for factor in targets],
        **memory,
    )


def xlsx_shape(shape, path):
    cells = "calamine, cells reader + csv"
    return Row(
        key=f"xlsx-{shape}",
        title=f"xlsx to CSV, the same 50,000 x 53 as {SHAPES[shape]} writes it",
        input=path,
        entries=[ours("convert", path), rust("calamine-cells", path, cells)],
        targets=[Target(4, [cells], "calamine's cells reader + csv")],
        peak_mb=24,
    )


SHAPES = {
    "openpyxl": "openpyxl",
    "libreoffice": "LibreOffice",
    "google": "Google Sheets",
    "reporting": "a reporting tool (texts in the cells, no places)",
}


def unzipping(key, title, path, targets, peak_mb):
    return Row(
        key=key,
        title=title,
        input=path,
        entries=[
            ours("unzip", path),
            rust("zip", path, "crate zip (zlib-rs)"),
            Entry("bsdtar", ["bsdtar", "-xOf", path], needs=("bsdtar",)),
            Entry("7z", ["7z", "x", "-so", path], needs=("7z",)),
            Entry("unzip", ["unzip", "-p", path], needs=("unzip",)),
            python("unzip", path, "Python's zipfile"),
        ],
        targets=targets,
        peak_mb=peak_mb,
    )


def unpacking(key, title, path):
    return Row(
        key=key,
        title=title,
        input=path,
        entries=[
            ours("unpack", path),
            rust("mail-parser", path, "mail-parser"),
            Entry("ripmime", ["ripmime", "-i", path, "-d", "{out}"], needs=("ripmime",)),
            shell("munpack -q -C \"$2\" \"$1\" >&2", path, "munpack", ("munpack",)).with_out(),
            python("unpack", path, "Python's email"),
        ],
        targets=[Target(1.5, ["mail-parser"], "mail-parser"), Target(4, ["ripmime"], "ripmime")],
        peak_beyond=8,
    )


def with_out(self):
    return dataclasses.replace(self, command=[*self.command, "{out}"])


Entry.with_out = with_out


@functools.cache
def all_rows(inputs):
    """All rows; `inputs` is the folder with the files."""

    def path(name):
        return f"{inputs}/{name}"

    streaming = ["crate zip (zlib-rs)", "bsdtar", "7z", "unzip"]
    return [
        cleaning("utf-8", "100 MB of UTF-8 with CRLF", path("utf-8.csv")),
        cleaning("utf-16", "the same in UTF-16 (200 MB)", path("utf-16.csv")),
        cleaning("windows-1252", "the same in Windows-1252 with CR, blank lines and NULs", path("windows-1252.csv")),
        xlsx("xlsx", "xlsx to CSV, 50,000 x 53 with dates (as Excel writes it)", path("half-hourly-excel.xlsx"), [4], peak_mb=24),
        xlsx(
            "xlsx-strings",
            "xlsx to CSV, 100,000 x 8 with 460,000 shared strings",
            path("shared-strings.xlsx"),
            [3],
            peak_part=(0.75, "calamine, cells reader + csv"),
        ),
        *(xlsx_shape(shape, path(f"half-hourly-{shape}.xlsx")) for shape in SHAPES),
        Row(
            key="xls",
            title="xls to CSV, 60,000 x 20",
            input=path("half-hourly.xls"),
            entries=[
                ours("convert", path("half-hourly.xls")),
                rust("calamine-range", path("half-hourly.xls"), "calamine, worksheet_range + csv"),
                *office(path("half-hourly.xls"), "xls"),
            ],
            targets=[Target(2.5, ["calamine, worksheet_range + csv"], "calamine")],
            peak_part=(0.1, "calamine, worksheet_range + csv"),
        ),
        unzipping(
            "zip-large",
            "unzip, 10 x 20 MB",
            path("ten-large.zip"),
            [Target(1, streaming, "every streaming tool"), Target(1.5, streaming[:1], "the zip crate")],
            # 32 MB, and the 24 MiB up to which members are unpacked whole.
            32 + 25,
        ),
        unzipping("zip-small", "unzip, 5,000 small members", path("many-small.zip"), [Target(1.5, ["bsdtar"], "bsdtar")], 32),
        unpacking("email-large", "unpack an email with one file of 20 MB", path("one-large.eml")),
        unpacking("email-fifty", "unpack an email with 50 files of 200 KB", path("fifty.eml")),
    ]
