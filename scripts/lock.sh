#!/bin/sh
# Resolves pyproject.toml into requirements/*.lock: exact versions with hashes, no registry named.
set -eu
cd "$(dirname "$0")/.."
.venv/bin/python -m pip install --quiet uv
compile() {
    .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url \
        --no-emit-find-links --python-version 3.11 "$@"
}
compile pyproject.toml -o requirements/runtime.lock
compile pyproject.toml --group dev -o requirements/dev.lock
compile --group pyproject.toml:bench -o requirements/bench.lock
