"""Where things are."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = ROOT / "target"
WORK = TARGET / "bench"
PEERS = ROOT / "benches" / "peers"
PAGE = ROOT / "docs" / "PERFORMANCE.md"
VENV = WORK / "venv"

OURS = TARGET / "release" / "ours"
PIPELINE = TARGET / "release" / "pipeline"
RUST_PEERS = PEERS / "target" / "release" / "peers"
MEASURE = PEERS / "target" / "release" / "measure"
PYTHON_PEERS = PEERS / "peers.py"
