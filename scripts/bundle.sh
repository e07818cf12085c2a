#!/bin/sh
# Builds dist/wardround-VERSION-pyX.Y-MACHINE.tar.gz: all that an installation without internet needs.
# It fits machines with the Python and the processor of this one.
set -eu
umask 022
cd "$(dirname "$0")/.."
python=.venv/bin/python

version=$($python -c 'import tomllib; print(tomllib.load(open("pyproject.toml", "rb"))["project"]["version"])')
minor=$($python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
machine=$(uname -m)
name=wardround-$version-py$minor-$machine
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
bundle=$stage/$name
mkdir -p "$bundle/wheels"

echo "collecting the wheels of requirements/runtime.lock ..." >&2
$python -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary=:all: \
    -r requirements/runtime.lock -d "$bundle/wheels"
# The installer's own pip: a machine need not have one, nor Debian's python3-venv.
pip=$($python -c 'from importlib.metadata import version; print(version("pip"))')
$python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: "pip==$pip" -d "$bundle/pip"
# Of the day of the commit: the same sources make the same wheel.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 1577836800)
export SOURCE_DATE_EPOCH
$python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation -w "$bundle/wheels" .

own=$(cd "$bundle/wheels" && echo wardround-*.whl)
digest=$(sha256sum "$bundle/wheels/$own" | cut -d' ' -f1)
{
    cat requirements/runtime.lock
    printf 'wardround==%s --hash=sha256:%s\n' "$version" "$digest"
} >"$bundle/requirements.txt"

cp deploy/install.sh LICENSE CHANGELOG.md "$bundle/"
cp -r deploy/systemd "$bundle/systemd"
cp -r docs "$bundle/docs"
# Unpacked, installed beside the version before, and with room to compile: about five times the wheels.
need=$(($(du -sk "$bundle/wheels" | cut -f1) * 5 / 1024))
cat >"$bundle/about" <<END
version=$version
digest=$(sha256sum "$bundle/requirements.txt" | cut -c1-8)
python=$minor
machine=$machine
need_mib=$need
END
cat >"$bundle/README" <<'END'
Wardround，离线安装包 / offline bundle

  sudo sh install.sh            # 安装或升级 / install or upgrade
  sh install.sh --help

说明 / more: docs/how-to/install.md
Ansible collections: none. Wardround uses what ansible-core brings; collections that a site's own
playbooks need go with the site.
END
(cd "$bundle" && find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs -d '\n' sha256sum >SHA256SUMS)

mkdir -p dist
out=dist/$name.tar.gz
tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -cf - "$name" |
    gzip -n >"$stage/out"
mv "$stage/out" "$out"
echo "$out"
