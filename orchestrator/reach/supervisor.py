"""The POSIX sh program that claims a token, runs its command and writes down how it ended. Pure text.

It is detached and in a session of its own; its command is in yet another, so that neither's `kill 0` reaches
the other. Its output pipe has one word for the start that waits: `lost` or `no ...` when it did not claim,
`on` after a second, `over` at the end.
"""

from __future__ import annotations

import hashlib

from orchestrator.reach.launch_processes import PROCESS, SYNC, TREE

_BEGIN = r"""
_l_spool=$1 _l_token=$2 _l_nonce=$3 _l_limit=$4 _l_kept=$5
_l_seen=" "
exec 2>/dev/null
cd "$_l_spool/launches/$_l_nonce" || exit
_l_claim=$_l_spool/claims/$_l_token
# The shell that starts this bounds its files to 64 MiB.
ulimit -S -f unlimited || ulimit -S -f "$(ulimit -H -f)"

_l_uptime() {
  _l_up=-
  read -r _l_up _l_x </proc/uptime
}

# What is beyond the cap goes; one byte more than it stays, to tell a capped stream from a full one.
_l_cap() {
  for _l_x in $(find out err -size +$((_l_kept + 1))c); do
    dd if=/dev/null of="$_l_x" bs=1 seek=$((_l_kept + 1))
  done
}

# The blanks that `status` was made of are overwritten in place: a full disk has room for that.
_l_finish() {
  _l_out=0 _l_err=0
  if [ -s out ] || [ -s err ]; then
    _l_cap
    set -- "$1" "$2" $(wc -c out err)
    _l_out=$3 _l_err=$5
  fi
  printf '%s\n' "$1 $2 $_l_began $_l_up ${_l_boot:--} $_l_out $_l_err end" 1<>status || exit
  mv status result
  echo over
  exec >/dev/null
  [ ! -e command ] || rm -f command
  _l_sync out err result
  exit
}
"""

# It lives as long as the command, should the supervisor itself be killed.
_WATCH = r"""
_l_watch() {
  trap '' PIPE
  sleep 1
  echo on
  exec >/dev/null
  _l_t=1
  while _l_alive "$_l_c" "$_l_c_start" || _l_alive $$ "$_l_me"; do
    _l_cap
    if [ "$_l_limit" -gt 0 ] && [ "$_l_t" -ge "$_l_limit" ]; then
      _l_alive "$_l_c" "$_l_c_start" || return
      echo late >late
      _l_end 50 0
      return
    fi
    _l_tick=5
    [ "$_l_t" -ge 60 ] || _l_tick=1
    [ "$_l_limit" -eq 0 ] || [ $((_l_t + _l_tick)) -le "$_l_limit" ] || _l_tick=1
    sleep "$_l_tick"
    _l_t=$((_l_t + _l_tick))
  done
}
"""

_CLAIM = r"""
_l_read_boot
_l_stat $$ || _l_start=-
_l_me=$_l_start
_l_who=$$.$_l_me.${_l_boot:--}
_l_proc=1
if [ "$_l_me" = - ] || [ -z "$_l_boot" ]; then
  # Its own children this can tell, until it has waited for them; and whether a group has members.
  _l_proc=
  _l_alive() { kill -0 "$1"; }
  _l_members() { _l_pids=-$_l_c; kill -0 "-$_l_c"; }
fi
_l_drop() {
  echo "$1"
  cd / && rm -rf "$_l_spool/launches/$_l_nonce"
  exit
}
{
  echo "$$ $_l_me ${_l_boot:--} $_l_token" >supervisor && printf '' >out && printf '' >err &&
    printf '%200s\n' '' >status
} || _l_drop "no room for its status"
_l_said=$(ln -s "$_l_nonce.$_l_who" "$_l_claim" 2>&1) || {
  [ -L "$_l_claim" ] || _l_drop "no $_l_said"
  # A network file system may do it, lose the answer, and be asked again.
  [ "$(readlink "$_l_claim")" = "$_l_nonce.$_l_who" ] || _l_drop lost
}
_l_uptime
_l_began=$_l_up
_l_sync "$_l_spool/claims" . || _l_finish unsynced -
[ ! -e stopping ] || _l_finish stopped -
"""

# A host that shuts down sends TERM to all; this lives to write down what it did to the command. It is ignored
# only now, so that the command did not inherit that, and not caught, because bash, when a signal that it
# catches and the end of a child come at once, may forget the child and wait for ever.
_RUN = r"""
(
  cd "${HOME:-/}" || cd /
  WARDROUND_LAUNCH=$_l_token
  export WARDROUND_LAUNCH
  exec setsid sh "$_l_spool/launches/$_l_nonce/command"
) </dev/null >>out 2>>err &
_l_c=$!
_l_stat $_l_c || _l_start=-
_l_c_start=$_l_start
echo "$_l_c $_l_c_start" >process
trap '' HUP TERM
_l_watch &
_l_k=$!
wait $_l_c
_l_rc=$?
_l_uptime
if [ -e late ]; then
  wait $_l_k
  _l_how=timed_out
elif [ -e stopping ]; then
  _l_how=stopped
  read -r _l_patience <stopping
  _l_n=0
  while [ ! -e stopped ] && [ ! -e stuck ] && [ $_l_n -lt "${_l_patience:-0}" ]; do
    _l_nap
    _l_n=$((_l_n + 1))
  done
  read -r _l_x <stuck && _l_seen=" $_l_x "
else
  _l_how=exited
fi
if [ $_l_how != exited ]; then
  while _l_members; do sleep 1; done
  _l_uptime
  [ -n "$_l_proc" ] || _l_how=unproven
fi
kill -KILL $_l_k
_l_finish $_l_how $_l_rc
"""

SUPERVISOR = PROCESS + SYNC + TREE + _BEGIN + _WATCH + _CLAIM + _RUN

SUPERVISOR_NAME = f"supervisor-{hashlib.sha256(SUPERVISOR.encode()).hexdigest()[:16]}"
"""Another text is another file: an upgrade never changes a program that runs."""
