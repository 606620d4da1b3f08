"""Makes the archives in tests/golden/ with the tools that suppliers have: Python, Info-ZIP, 7-Zip, GNU tar.

They are committed, so that the tests need none of these tools; run this only to add one:

    python3 make_golden.py OUT_DIR

What is expected of each (<archive>.expected/, <archive>.expected.txt) is written by hand, or by `UPDATE_GOLDEN=1 cargo
test --test golden` and then read by a person.
"""

import gzip
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile

out = os.path.abspath(sys.argv[1])
work = tempfile.mkdtemp()
DATE = (2024, 3, 1, 6, 0, 0)


def half_hourly(mpan, days):
    hours = ",".join(f"hh{n:02d}" for n in range(1, 49))
    lines = [f"meter_identifier,serial_number,read_date,{hours}"]
    for day in range(1, days + 1):
        values = ",".join(f"{(day * n * 7919 + int(mpan[-4:])) % 10007 / 100:.2f}" for n in range(1, 49))
        lines.append(f"{mpan},E13Z{mpan[-6:]},{day:02d}/03/2024,{values}")
    return "\r\n".join(lines).encode() + b"\r\n"


def gas(mpr, days):
    lines = ["MPR,Read Date,Read,Consumption (kWh)"]
    lines += [f"{mpr},2024-03-{day:02d},{40000 + day * 13},{day * 147.3:.1f}" for day in range(1, days + 1)]
    return "\n".join(lines).encode() + b"\n"


ELECTRICITY = half_hourly("2380001234567", 6)
GAS = gas("8899012345", 31)
FLAT = b"meter_identifier,read_date,total\r\n" + b"2380001234567,01/03/2024,000000.00\r\n" * 2500


def write(name, content):
    path = os.path.join(work, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    os.utime(path, (1709272800, 1709272800))
    return name


def run(*command, **options):
    subprocess.run(command, cwd=work, check=True, stdout=subprocess.DEVNULL, **options)


def save(name, content):
    with open(os.path.join(out, name), "wb") as file:
        file.write(content)


def info(name, method=zipfile.ZIP_DEFLATED, mode=0o100644):
    entry = zipfile.ZipInfo(name, DATE)
    entry.compress_type = method
    entry.external_attr = mode << 16
    return entry


def python_zip(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for entry, content in members:
            archive.writestr(entry, content)
    return buffer.getvalue()


# Python's zipfile knows four methods, and marks names that are not ASCII as UTF-8.
save(
    "python-methods.zip",
    python_zip(
        [
            (info("stored/HH Consumption.csv", zipfile.ZIP_STORED), ELECTRICITY),
            (info("deflated/HH Consumption.csv"), ELECTRICITY),
            (info("bzip2/HH Consumption.csv", zipfile.ZIP_BZIP2), ELECTRICITY),
            (info("lzma/HH Consumption.csv", zipfile.ZIP_LZMA), ELECTRICITY),
            (info("Zählerstände/Gas £.csv"), GAS),
        ]
    ),
)

# Old tools on Windows: names in code page 437, backslashes.
named = python_zip([(info("2024_Zahler #.csv"), GAS), (info("2024_leer.csv"), ELECTRICITY)])
save("windows-names.zip", named.replace(b"2024_Zahler #", b"2024\\Z\x84hler \x9c").replace(b"2024_leer", b"2024\\leer"))

# macOS: folders, resource forks, Finder's notes, UTF-8 that is not marked as such.
double = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        \x00\x02\x00\x00\x00\x09"
mac = python_zip(
    [
        (info("export/", zipfile.ZIP_STORED, 0o040755), b""),
        (info("export/Z__hler.csv"), GAS),
        (info("__MACOSX/", zipfile.ZIP_STORED, 0o040755), b""),
        (info("__MACOSX/export/", zipfile.ZIP_STORED, 0o040755), b""),
        (info("__MACOSX/export/._Z__hler.csv"), double),
        (info("export/.DS_Store"), b"\x00\x00\x00\x01Bud1"),
        (info("export/latest.csv", zipfile.ZIP_STORED, 0o120755), b"Zaehler.csv"),
    ]
)
save("mac.zip", mac.replace(b"Z__hler", "Zähler".encode()))

# One byte of the second member is not what was packed.
broken = bytearray(
    python_zip([(info(f"{day}.csv", zipfile.ZIP_STORED), gas("8899012345", 3)) for day in ("mon", "tue", "wed")])
)
broken[broken.index(b"8899012345", broken.index(b"tue.csv"))] ^= 1
save("one-broken.zip", broken)

whole = python_zip([(info("a.csv"), GAS), (info("b.csv"), ELECTRICITY), (info("c.csv"), GAS)])
save("truncated.zip", whole[: whole.index(b"c.csv") + 100])
save("folders-only.zip", python_zip([(info("2024/", zipfile.ZIP_STORED, 0o040755), b"")]))
save("empty.zip", python_zip([]))

# 7-Zip: deflate64 with the long matches that only it has, passwords of both kinds.
write("flat.csv", FLAT)
write("gas.csv", GAS)
write("electricity.csv", ELECTRICITY)
run("7z", "a", "-tzip", "-mm=Deflate64", "-mx=9", os.path.join(out, "7zip-deflate64.zip"), "flat.csv", "gas.csv")
run("7z", "a", "-tzip", "-mm=LZMA", os.path.join(out, "7zip-lzma.zip"), "flat.csv", "gas.csv")
run("7z", "a", "-tzip", "-pSecret", "-mem=ZipCrypto", os.path.join(out, "7zip-zipcrypto.zip"), "electricity.csv")
run("7z", "a", "-tzip", os.path.join(out, "7zip-zipcrypto.zip"), "gas.csv")
run("7z", "a", "-tzip", "-pSecret", "-mem=AES256", os.path.join(out, "7zip-aes.zip"), "electricity.csv", "gas.csv")

# Info-ZIP: from a pipe (data descriptors, zip64), with a comment, behind a program whose length no offset counts.
run("sh", "-c", f"cat electricity.csv | zip -q -fz {out}/infozip-streamed.zip -")
run("zip", "-q", "-z", os.path.join(out, "infozip-comment.zip"), "gas.csv", input=b"Readings for March 2024\n")
with open(os.path.join(out, "infozip-comment.zip"), "rb") as file:
    save("self-extracting.exe", b"MZ" + bytes(range(256)) * 12 + b"PK\x03\x04 is what I look for" + file.read())


def python_tar(members, mode="w", **options):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, **options) as archive:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.mtime = 1709272800
            if isinstance(content, bytes):
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
            else:
                entry.type, entry.linkname = content
                archive.addfile(entry)
    return buffer.getvalue()


LONG = "/".join(["half hourly consumption of every meter"] * 4) + "/Zähler £.csv"
MEMBERS = [
    ("2024", (tarfile.DIRTYPE, "")),
    ("2024/HH.csv", ELECTRICITY),
    ("2024/latest.csv", (tarfile.SYMTYPE, "HH.csv")),
    ("2024/again.csv", (tarfile.LNKTYPE, "2024/HH.csv")),
    (LONG, GAS),
]
save("gnu.tar", python_tar(MEMBERS, format=tarfile.GNU_FORMAT))
save("pax.tar.gz", gzip.compress(python_tar(MEMBERS, format=tarfile.PAX_FORMAT), mtime=0))
save("ustar.tgz", gzip.compress(python_tar(MEMBERS[:2], format=tarfile.USTAR_FORMAT), mtime=0))
os.makedirs(os.path.join(work, "v7"))
write("v7/gas.csv", GAS)
run("tar", "-cf", os.path.join(out, "unix-v7.tar"), "--format=v7", "--owner=0", "--group=0", "v7")

save("two-members.csv.gz", gzip.compress(GAS, mtime=0) + gzip.compress(GAS.split(b"\n", 1)[1], mtime=0))
wrong = bytearray(gzip.compress(GAS, mtime=0))
wrong[-6] ^= 0xFF
save("wrong-checksum.csv.gz", wrong)
