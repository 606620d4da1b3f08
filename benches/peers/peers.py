"""Plain uses of Python's libraries, as programs that read one file: peers.py HOW FILE, what comes out to the standard output."""

import sys

CHUNK = 64 * 1024


def clean(path, encoding):
    """Line by line, with all line ends that Python knows; not aware of quotes."""
    with (
        open(path, encoding=encoding, newline=None, buffering=1 << 20) as lines,
        open("/dev/stdout", "w", encoding="utf-8", newline="", buffering=1 << 20) as out,
    ):
        for line in lines:
            if "\0" in line:
                line = line.replace("\0", "")
            if not line.isspace():
                out.write(line)


def unzip(path):
    import zipfile

    with zipfile.ZipFile(path) as archive, open("/dev/stdout", "wb") as out:
        for member in archive.infolist():
            with archive.open(member) as content:
                while piece := content.read(CHUNK):
                    out.write(piece)


def unpack(path):
    import email
    import email.policy

    with open(path, "rb") as file, open("/dev/stdout", "wb") as out:
        message = email.message_from_binary_file(file, policy=email.policy.default)
        for part in message.iter_attachments():
            out.write(part.get_payload(decode=True))


def pandas(path):
    import pandas as pd

    pd.read_excel(path, header=None).to_csv("/dev/stdout", header=False, index=False)


def polars(path):
    import polars as pl

    pl.read_excel(path, engine="calamine").write_csv("/dev/stdout")


HOWS = {
    "clean-utf-8": lambda path: clean(path, "utf-8"),
    "clean-utf-16": lambda path: clean(path, "utf-16"),
    "clean-windows-1252": lambda path: clean(path, "windows-1252"),
    "unzip": unzip,
    "unpack": unpack,
    "pandas": pandas,
    "polars": polars,
}

if __name__ == "__main__":
    HOWS[sys.argv[1]](sys.argv[2])
