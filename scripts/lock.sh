#!/bin/sh
# Resolves pyproject.toml into requirements/*.lock: exact versions with hashes, no registry named.
set -eu
cd "$(dirname "$0")/.."
.venv/bin/python -m pip install --quiet uv
compile() {
    .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url \
        --no-emit-find-links --python-version 3.11 pyproject.toml "$@"
}
compile -o requirements/runtime.lock
compile --group dev -o requirements/dev.lock
