#!/bin/sh
# Installs what `make demo` or `make test` needs of Debian and what this machine lacks. Starts no service,
# makes no database cluster. Without root it says what is missing and what runs without it.
set -eu

demo='
sshd|openssh-server|the demo hosts answer through a small stand-in SSH server|演示主机改用内置的简易 SSH 服务
ssh|openssh-client|no look at a demo host by hand|无法手工登录演示主机
ps|procps|checks of processes end as unknown|进程类检查结果为“未知”
ss|iproute2|checks of listening ports end as unknown|端口类检查结果为“未知”
unshare|util-linux|demo hosts share the machine'"'"'s process table and disks|演示主机与本机共用进程表和磁盘
initdb|postgresql|no HIS database: database and business checks end as unknown|没有 HIS 数据库：数据库与业务类检查结果为“未知”
nginx|nginx-light|no web front end and no certificate to look at|没有 Web 前端，也没有可检查的证书
curl|curl|no look at a demo service by hand|无法手工访问演示服务'
tests='
sudo|sudo|tests of becoming another user are skipped|跳过切换用户的测试
openssl|openssl|tests of certificates are skipped|跳过证书的测试
chromium|chromium|reports are not looked at as rendered|不检查报告的渲染效果
noto-cjk|fonts-noto-cjk|rendered reports show no Chinese|渲染的报告无法显示中文
pdftoppm|poppler-utils|printed reports are not looked at|不检查报告的打印效果
busybox|busybox|checks are not tried on a busybox system|不在 busybox 系统上试检查项
redis-server|redis-server|Redis checks are not tried on a real server|不在真实 Redis 上试检查项
redis-sentinel|redis-sentinel|the check of sentinels is not tried on real ones|不在真实哨兵上试检查项
mariadbd|mariadb-server|MariaDB checks are not tried on a real server|不在真实 MariaDB 上试检查项
tcsh|tcsh|hosts whose login shell is csh are not tried|不试登录 shell 为 csh 的主机
fish|fish|hosts whose login shell is fish are not tried|不试登录 shell 为 fish 的主机'

case "${1:-}" in
    demo) wanted=$demo ;;
    test) wanted=$demo$tests ;;
    *) echo "usage: $0 demo|test" >&2; exit 2 ;;
esac

have() {
    case "$1" in
        initdb)
            command -v initdb >/dev/null && return 0
            for found in /usr/lib/postgresql/*/bin/initdb; do [ -x "$found" ] && return 0; done
            return 1 ;;
        noto-cjk)
            for found in /usr/share/fonts/*/noto/NotoSansCJK*; do [ -e "$found" ] && return 0; done
            return 1 ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

PATH=$PATH:/usr/sbin:/sbin
packages= lost=
while IFS='|' read -r tool package without_en without_zh; do
    [ -n "$tool" ] || continue
    have "$tool" && continue
    packages="$packages $package"
    lost="$lost
  $package: $without_zh / $without_en"
done <<EOF
$wanted
EOF
[ -n "$packages" ] || exit 0

say() { printf '%s\n' "$*" >&2; }
explain() {
    say "缺少 / missing:$packages"
    say "请管理员执行 / as root: apt-get install --no-install-recommends$packages"
    say "缺少时照常运行，但 / everything else runs without them, but:$lost"
}

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    explain
    exit 0
fi

cluster=/etc/postgresql-common/createcluster.conf
policy=/usr/sbin/policy-rc.d
made_cluster= made_policy= log=
restore() {
    [ -z "$made_policy" ] || rm -f "$policy"
    [ -z "$log" ] || rm -f "$log"
    [ -z "$made_cluster" ] || give_back "$cluster"
}
# The package's own words once it is there, so that a later installation by an administrator is as usual.
give_back() {
    if [ -f "/usr/share/postgresql-common/${1##*/}" ]; then
        cp "/usr/share/postgresql-common/${1##*/}" "$1"
    else
        rm -f "$1"
        rmdir "${1%/*}" 2>/dev/null || :
    fi
}
trap restore EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

case "$packages" in
    *' postgresql'*)
        if [ ! -e "$cluster" ]; then
            made_cluster=yes
            mkdir -p "${cluster%/*}"
            echo 'create_main_cluster = false' >"$cluster"
        fi ;;
esac
if [ ! -e "$policy" ]; then
    made_policy=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

say "正在安装 / installing:$packages ..."
log=$(mktemp)
install_packages() {
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 NEEDRESTART_SUSPEND=1 apt-get install -y -q \
        --no-install-recommends -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=120 -o Acquire::http::Timeout=20 $packages
}
if ! { install_packages || { apt-get update -q -o Acquire::http::Timeout=20 && install_packages; }; } >"$log" 2>&1 </dev/null; then
    say "安装失败，继续执行 / could not install them, going on. apt-get:"
    grep -E '^[EW]:' "$log" | tail -n 3 | sed 's/^/  /' >&2 || :
    explain
fi
exit 0
