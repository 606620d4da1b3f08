#!/usr/bin/env bash
# Builds the functions for AWS and zips them: target/package/<architecture>/<function>.zip, each with one file, `bootstrap`.
#
#   deploy/package.sh [STAGE]
#
# LAMBDA_ARCHITECTURE is arm64 (default) or x86_64; from the environment, else from .env.STAGE (or .env, if that is missing).
# LAMBDA_PROFILE is the Cargo profile: lambda (default), or a quicker one for trying things out.
set -euo pipefail
cd "$(dirname "$0")/.."

stage=${1:-development}
functions=(unpack-attachments process-file uncompress-file convert-file sweep notify)
profile=${LAMBDA_PROFILE:-lambda}

# As Serverless reads it: from `.env` only where the stage has no file of its own.
env_file=.env.$stage
[ -f "$env_file" ] || env_file=.env
set_there=$(sed -n "s/^LAMBDA_ARCHITECTURE=[\"']\{0,1\}\([^\"'# ]*\).*/\1/p" "$env_file" 2>/dev/null | tail -n 1 || true)
architecture=${LAMBDA_ARCHITECTURE:-$set_there}
architecture=${architecture:-arm64}
case $architecture in
arm64) target=aarch64-unknown-linux-gnu ;;
x86_64) target=x86_64-unknown-linux-gnu ;;
*)
    echo "LAMBDA_ARCHITECTURE is $architecture: it must be arm64 or x86_64" >&2
    exit 2
    ;;
esac

if [ ! -d "$(rustc --print target-libdir --target "$target")" ]; then
    echo "The standard library for $target is missing: rustup target add $target" >&2
    echo "(or build for what this machine is: LAMBDA_ARCHITECTURE=arm64 or x86_64)" >&2
    exit 1
fi

# cargo-lambda links with zig, so that the binaries run with the C library of Amazon Linux 2023, whatever this machine has.
if ! cargo lambda --version >/dev/null 2>&1; then
    [ -x .venv/bin/pip ] || python3 -m venv .venv
    .venv/bin/pip install --quiet --requirement deploy/requirements.txt
    PATH="$PWD/.venv/bin:$PATH"
fi

# cargo-lambda's own optimisations would set `panic = "abort"`, and a panic would never be reported.
built=target/functions
cargo lambda build --locked --profile "$profile" --disable-optimizations --target "$target" \
    --lambda-dir "$built" "${functions[@]/#/--package=}"

# As small as it gets, since a cold start fetches it; and the same zip for the same binary, so that what did not change is not uploaded again.
zipped() {
    python3 - "$1" "$2" <<'PYTHON'
import pathlib, sys, zipfile

binary, archive = map(pathlib.Path, sys.argv[1:])
entry = zipfile.ZipInfo("bootstrap")
entry.external_attr = 0o100755 << 16
entry.create_system = 3
with zipfile.ZipFile(archive, "w") as out:
    out.writestr(entry, binary.read_bytes(), zipfile.ZIP_DEFLATED, 9)
PYTHON
}

# By architecture: what was built for another one is never deployed by mistake.
package=target/package/$architecture
mkdir -p "$package"
for function in "${functions[@]}"; do
    # Serverless names what it uploads by the zip's name: six `bootstrap.zip`s would all be the same function.
    zipped "$built/$function/bootstrap" "$package/$function.zip"
    printf '%-20s %8s KiB zipped, %s\n' "$function" "$(($(wc -c <"$package/$function.zip") / 1024))" "$architecture"
done
