#!/bin/sh
# Installs Wardround from the folder that this file lies in, without internet, or upgrades it. Safe to run again:
# the version that is there stays until the new one has shown that it works, and is kept to go back to.
set -eu
umask 022

root= python=${PYTHON:-} action=install
die() { printf '错误 / error: %s\n' "$1" >&2; [ -z "${2:-}" ] || printf '  → %s\n' "$2" >&2; exit 2; }
say() { printf '%s\n' "$*" >&2; }
usage() {
    cat <<'END'
sh install.sh [--root DIR] [--python PROGRAM]   安装或升级 / install or upgrade
sh install.sh --rollback [--root DIR]           回到上一个版本 / go back to the version before

  --root DIR        装到 DIR 之下试用：不需要 root，不建用户，不碰 systemd
                    into DIR, to try it: needs no root, makes no user, leaves systemd alone
  --python PROGRAM  用哪个 Python / which Python to use
END
}
while [ $# -gt 0 ]; do
    case $1 in
        --root) root=${2:?}; shift ;;
        --python) python=${2:?}; shift ;;
        --rollback) action=rollback ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
    shift
done
if [ -n "$root" ]; then
    mkdir -p "$root" || die "不能写入 $root / $root can't be written"
    root=$(cd "$root" && pwd)
elif [ "$(id -u)" != 0 ]; then
    die '需要 root / this needs root' '执行 / run: sudo sh install.sh'
fi
here=$(cd "$(dirname "$0")" && pwd)
prefix=$root/opt/wardround
releases=$prefix/releases
state=$root/var/lib/wardround
etc=$root/etc/wardround
units=$root/etc/systemd/system

# One link is what everything goes by; replaced in one step, so that there is always a version.
point_at() {
    ln -s "releases/$2" "$prefix/.$1.new"
    mv -T "$prefix/.$1.new" "$prefix/$1"
}
named() { readlink "$prefix/$1" 2>/dev/null | sed 's|^releases/||' || :; }
hint_restart() {
    say '  systemctl restart wardround-worker     # 主机上正在执行的命令不受影响 / what runs on hosts goes on'
}

if [ "$action" = rollback ]; then
    before=$(named previous)
    [ -n "$before" ] && [ -x "$releases/$before/bin/wardround" ] ||
        die '没有可退回的版本 / there is no version to go back to'
    now=$(named current)
    rm -f "$prefix/.current.new" "$prefix/.previous.new"
    point_at current "$before"
    point_at previous "$now"
    say "已退回 / back at: $before"
    say '若新版本已升级数据库，先恢复升级前的备份（docs/how-to/install.md）'
    say 'if the newer version has upgraded the database, restore the copy from before (docs/how-to/install.md)'
    hint_restart
    exit 0
fi

# What is looked at first: nothing is written while any of it is amiss.
[ -f "$here/about" ] && [ -f "$here/SHA256SUMS" ] ||
    die "$here 不是完整的安装包 / is no whole bundle" '重新解包 / unpack it again'
(cd "$here" && sha256sum --check --quiet --strict SHA256SUMS >&2) ||
    die '安装包已损坏 / the bundle is damaged' '重新拷贝并核对 / copy it again and compare'
version= digest= needed= machine= need_mib=
while IFS='=' read -r key value; do
    case $key in
        version) version=$value ;;
        digest) digest=$value ;;
        python) needed=$value ;;
        machine) machine=$value ;;
        need_mib) need_mib=$value ;;
    esac
done <"$here/about"
[ "$(uname -m)" = "$machine" ] ||
    die "安装包适用于 $machine，本机是 $(uname -m) / this bundle is for $machine, this machine is $(uname -m)" \
        '用同类处理器的机器执行 make bundle / run make bundle on a machine of its kind'

fits() { "$1" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != sys.argv[1])' "$needed" 2>/dev/null; }
# The units hide homes: a Python in one (pyenv, conda) would work here, and not for the worker.
served() {
    [ -n "$root" ] && return
    case $("$1" -c 'import os, sys; print(os.path.realpath(sys.base_prefix))' 2>/dev/null)/ in
        /home/* | /root/* | /run/user/*) return 1 ;;
    esac
}
if [ -z "$python" ]; then
    system=
    [ -n "$root" ] || system="/usr/bin/python3 /usr/bin/python$needed"
    for one in python3 "python$needed" $system; do
        if command -v "$one" >/dev/null && fits "$one"; then
            python=$one
            if served "$one"; then break; fi
        fi
    done
fi
[ -n "$python" ] && fits "$python" || {
    found=$("${python:-python3}" -V 2>&1) || found='没有 python3 / no python3'
    die "需要 Python $needed，本机是 / this needs Python $needed, here is: $found" \
        "安装 Python $needed，或取对应的安装包 / install it, or take the bundle for the Python that is here"
}
served "$python" ||
    die "$python 在用户主目录中，服务用不到 / lies in a home, where services can't use it" \
        '用 --python 指定系统的 Python / name a Python of the system by --python'
"$python" -c 'import venv, zlib' 2>/dev/null ||
    die "$python 缺少 venv 模块 / lacks its venv module" '安装完整的 Python / install all of Python'

existing=$prefix
while [ ! -d "$existing" ]; do existing=$(dirname "$existing"); done
[ -w "$existing" ] || die "不能写入 $existing / $existing can't be written"
free=$(($(df -Pk "$existing" | awk 'NR == 2 {print $4}') / 1024))
[ "$free" -ge "$need_mib" ] ||
    die "空间不足：需要 $need_mib MiB，$existing 剩余 $free MiB / no room: $need_mib MiB are needed, $free MiB are free" \
        '腾出空间 / free some space'

release=$version-$digest
target=$releases/$release
if [ ! -f "$target/.complete" ]; then
    say "安装 / installing $release ..."
    mkdir -p "$releases"
    rm -rf "$target"
    # Nothing of this machine's pip has a say: neither its index nor its constraints.
    PIP_CONFIG_FILE=/dev/null
    export PIP_CONFIG_FILE
    "$python" -m venv --without-pip "$target" || die 'venv 创建失败 / the environment could not be made'
    pip=$(echo "$here"/pip/pip-*.whl)
    "$target/bin/python" "$pip/pip" install --isolated --quiet --disable-pip-version-check --no-input \
        --no-index --find-links "$here/wheels" --require-hashes --no-deps -r "$here/requirements.txt" || {
        rm -rf "$target"
        die '安装失败，原有版本未受影响 / it could not be installed; what was there is untouched'
    }
    mkdir -p "$target/share/wardround"
    cp -r "$here/docs" "$here/systemd" "$here/install.sh" "$target/share/wardround/"
    trial=$(mktemp -d)
    "$target/bin/wardround" --version >/dev/null && "$target/bin/wardround" init "$trial/site" 2>/dev/null || {
        rm -rf "$target" "$trial"
        die '新版本不能运行，原有版本未受影响 / it does not run; what was there is untouched'
    }
    rm -rf "$trial"
    touch "$target/.complete"
fi

if [ -z "$root" ]; then
    id wardround >/dev/null 2>&1 ||
        useradd --system --user-group --home-dir "$state" --no-create-home --shell /usr/sbin/nologin wardround
fi
install -d -m 0755 "$prefix" "$root/usr/local/bin" "$units"
install -d -m 0750 "$state" "$etc"
if [ -z "$root" ]; then
    chown wardround:wardround "$state"
    chown root:wardround "$etc"
fi
# The unit names it, so it is there, empty until the site has a vault. systemd hands it to the worker.
[ -e "$etc/vault-password" ] || install -m 0600 /dev/null "$etc/vault-password"
for unit in wardround-worker.service wardround-backup.service wardround-backup.timer; do
    cmp -s "$here/systemd/$unit" "$units/$unit" || install -m 0644 "$here/systemd/$unit" "$units/$unit"
done

now=$(named current)
rm -f "$prefix/.current.new" "$prefix/.previous.new"
if [ "$now" != "$release" ]; then
    point_at current "$release"
    [ -z "$now" ] || point_at previous "$now"
fi
ln -sfn "$prefix/current/bin/wardround" "$root/usr/local/bin/wardround"
# Older ones go, but for one that a worker still runs from which nobody has started anew.
for old in "$releases"/*; do
    case ${old##*/} in
        "$(named current)" | "$(named previous)") ;;
        *) grep -qsF "$old/" /proc/[0-9]*/maps || rm -rf "$old" ;;
    esac
done
if [ -z "$root" ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi

if [ "$now" = "$release" ]; then
    say "已是 / already there: $release"
elif [ -n "$now" ]; then
    say "已升级 / upgraded: $now → $release"
    say '下一步 / next:'
    hint_restart
    say "  sh $prefix/current/share/wardround/install.sh --rollback   # 退回 / to go back"
else
    say "已安装 / installed: $release"
    say '下一步 / next:'
    say '  wardround init /etc/wardround/site              # 站点 / the site'
    say '  编辑 / edit /etc/wardround/site/wardround.yml    # state: /var/lib/wardround'
    say '  chown -R wardround: /etc/wardround/site         # 此后都以 wardround 执行 / from now on as wardround:'
    say '  sudo -u wardround wardround lint --site /etc/wardround/site'
    say '  sudo -u wardround wardround hosts trust --site /etc/wardround/site'
    say '  systemctl enable --now wardround-worker wardround-backup.timer'
    say '  sudo -u wardround wardround doctor --site /etc/wardround/site'
fi
