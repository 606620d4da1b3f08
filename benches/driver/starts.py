"""How a function starts: from exec to its first question for work, against a Runtime API that only listens."""

import http.server
import os
import pathlib
import platform
import subprocess
import tempfile
import threading
import zipfile

from . import places
from .measuring import Failed, Result, Run

FUNCTIONS = ["unpack-attachments", "process-file", "uncompress-file", "convert-file", "sweep", "notify"]
ARCHITECTURE = {"aarch64": "arm64", "x86_64": "x86_64"}.get(platform.machine(), platform.machine())
PACKAGE = places.TARGET / "package" / ARCHITECTURE
BUCKETS = ["INBOX", "PROCESS", "UNCOMPRESSED", "SPREADSHEET", "AMR_DATA", "UNPROCESSABLE", "RECEIPTS"]


def package():
    """Builds and zips the functions as they are shipped."""
    environment = {**os.environ, "LAMBDA_ARCHITECTURE": ARCHITECTURE}
    subprocess.run([str(places.ROOT / "deploy" / "package.sh")], cwd=places.ROOT, check=True, env=environment, stdout=subprocess.DEVNULL)


def zip_mb():
    """The size of each zip that is shipped, in MB; empty where they have not been made."""
    return {name: (PACKAGE / f"{name}.zip").stat().st_size / 1e6 for name in FUNCTIONS if (PACKAGE / f"{name}.zip").exists()}


def measure(name, runs):
    """Starts a function so many times."""
    result = Result(name, ours=True)
    archive = PACKAGE / f"{name}.zip"
    if not archive.exists():
        result.problem = f"not packaged (LAMBDA_ARCHITECTURE={ARCHITECTURE} deploy/package.sh)"
        return result
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(archive).extract("bootstrap", folder)
        binary = pathlib.Path(folder) / "bootstrap"
        binary.chmod(0o755)
        try:
            result.runs = [start(name, binary) for _ in range(runs)]
        except Failed as failed:
            result.problem = str(failed)
    return result


def start(name, binary):
    """One start. CPU is what the kernel charged the process with when it was killed at its first poll."""
    polled = threading.Event()

    class Api(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            polled.set()
            ended.wait()

        do_POST = do_GET

        def log_message(self, *_):
            pass

    ended = threading.Event()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    process = subprocess.Popen([str(binary)], env=environment(name, server.server_port), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    begun = os.times().elapsed
    try:
        if not polled.wait(30):
            raise Failed("did not ask for work in 30 s")
        wall = os.times().elapsed - begun
        peak = high_water(process.pid)
    finally:
        process.kill()
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        ended.set()
        server.shutdown()
        server.server_close()
    return Run(usage.ru_utime + usage.ru_stime, wall, peak)


def high_water(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise Failed("the kernel does not tell its memory")


def environment(name, port):
    own = {
        "sweep": {f"{function.upper().replace('-', '_')}_FUNCTION": function for function in FUNCTIONS[:4]},
        "notify": {"STAGE": "bench", "REJECTS_TOPIC_ARN": "arn:aws:sns:eu-west-2:123456789012:rejects"},
    }
    return {
        **{f"{bucket}_BUCKET": f"es-bench-data-{bucket.lower().replace('_', '-')}" for bucket in BUCKETS},
        **own.get(name, {}),
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": name,
        "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
        "AWS_REGION": "eu-west-2",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
