"""POSIX sh functions that the supervisor on a host and the launcher's commands share. Pure text.

A process is told by pid, start time and boot id, so that no other that got the same pid is mistaken for it.
"""

from __future__ import annotations

# The fields of /proc/PID/stat count from behind the last parenthesis: a process may be named `a) b\n`.
PROCESS = r"""
_l_stat() {
  _l_line=
  while read -r _l_x || [ -n "$_l_x" ]; do _l_line=$_l_line$_l_x; done <"/proc/$1/stat"
  set -- ${_l_line##*)}
  [ $# -ge 20 ] || return 1
  _l_state=$1 _l_parent=$2 _l_group=$3 _l_session=$4 _l_start=${20}
} 2>/dev/null

_l_read_boot() {
  _l_boot=
  read -r _l_boot </proc/sys/kernel/random/boot_id
} 2>/dev/null

# Whether pid $1 that started at $2 lives, in this boot.
_l_alive() {
  [ -n "$2" ] && _l_stat "$1" && [ "$_l_start" = "$2" ] || return 1
  case $_l_state in Z|X) return 1 ;; esac
}
"""

# Before coreutils 8.24, sync takes no names and waits for every disk and network mount. There, a file that is
# synced in the folder takes what was done in it before along: those systems have no file system that differs.
SYNC = r"""
_l_sync() {
  if [ -e "$_l_spool/syncs-files" ]; then
    sync "$@"
    return
  fi
  for _l_x; do
    if [ -d "$_l_x" ]; then
      echo x | dd of="$_l_x/.barrier" conv=fsync || return
    else
      dd if=/dev/null of="$_l_x" conv=notrunc,fsync || return
    fi
  done
} 2>/dev/null
"""

# Who belongs to a command: its session and group, all that descend from it, all that have its mark in their
# environment. A session's number stays taken while it has members, but once they are gone it may be anyone's:
# so it counts only while the leader lives, and who was seen then is remembered.
TREE = r"""
_l_members() {
  _l_marked=" $(grep -lsF "WARDROUND_LAUNCH=$_l_token" /proc/[0-9]*/environ | tr '\n' ' ') "
  _l_leads=
  ! _l_alive "$_l_c" "$_l_c_start" || _l_leads=1
  _l_all= _l_pids=" "
  for _l_file in /proc/[0-9]*; do
    _l_p=${_l_file#/proc/}
    _l_stat "$_l_p" || continue
    case $_l_state in Z|X) continue ;; esac
    _l_all="$_l_all $_l_p $_l_parent $_l_start"
    _l_ours=
    case $_l_marked in *" $_l_file/environ "*) _l_ours=1 ;; esac
    case $_l_seen in *" $_l_p:$_l_start "*) _l_ours=1 ;; esac
    [ -z "$_l_leads" ] || case " $_l_group $_l_session " in *" $_l_c "*) _l_ours=1 ;; esac
    [ -z "$_l_ours" ] || _l_pids=" $_l_p$_l_pids"
  done
  _l_more=1
  while [ -n "$_l_more" ]; do
    _l_more=
    set -- $_l_all
    while [ $# -gt 2 ]; do
      case $_l_pids in
        *" $1 "*)
          case $_l_seen in *" $1:$3 "*) ;; *) _l_seen="$_l_seen $1:$3 " ;; esac
          ;;
        *" $2 "*) _l_pids=" $1$_l_pids" _l_more=1 ;;
      esac
      shift 3
    done
  done
  [ "$_l_pids" != " " ]
}

# Frozen first, so that nothing forks away in between.
_l_signal() {
  kill -STOP $_l_pids
  kill -"$1" $_l_pids
  kill -CONT $_l_pids
} 2>/dev/null

_l_nap() {
  sleep 0.1 2>/dev/null || sleep 1
}

# TERM once, after $1 tenths of a second KILL, again and again; gives up after $2 tenths, never where it is 0.
_l_end() {
  _l_n=0
  while _l_members; do
    if [ "$_l_n" = 0 ]; then
      _l_signal TERM
    elif [ "$_l_n" -ge "$1" ]; then
      _l_signal KILL
    fi
    [ "$2" = 0 ] || [ "$_l_n" -lt "$2" ] || return 1
    if [ "$_l_n" -lt $(($1 + 5)) ] && sleep 0.2 2>/dev/null; then
      _l_n=$((_l_n + 2))
    else
      sleep 1
      _l_n=$((_l_n + 10))
    fi
  done
}
"""
