"""What the launcher tells a host's shell: start, look, forbid, stop; and what it prints. Pure text work.

A *spool* is a folder `ID/` in a place that survives reboots, its random id the folder's name: one that was
emptied or replaced has another name, and what was ordered for the old one is never taken for absent.

    ID/claims/TOKEN -> NONCE.PID.START.BOOT     or -> forbidden
    ID/launches/NONCE/                          command out err status supervisor process late stopping result
    ID/supervisor-DIGEST                        the program that each launch runs under

The claim is a symbolic link, because making one is atomic, fails when the name is taken, and carries *who*
claimed in the same act: there is no moment in which a token is claimed by nobody knows whom. The links stay
for ever (an inode each), so that a token whose output was swept long ago still cannot start anew.

Who claims is the supervisor, detached, when all that could be lacking (room, the right to write) is there.
Then the claim is synced, then the command begins. What a host says when everything is killed, or its power
fails, right after each step:

    a folder for the launch is made, the command written    ABSENT: nothing claimed, nothing begun
    the supervisor is started                               ABSENT
    the supervisor has said who it is, reserved room        ABSENT
    the claim is made                                       UNKNOWN (ABSENT when the power fails: not synced)
    the claim is synced                                     UNKNOWN: it may have begun
    the command has begun                                   UNKNOWN; RUNNING while only the supervisor is gone
    the command is over, its status known to the supervisor UNKNOWN
    the status is written                                   UNKNOWN
    the status is renamed to `result`                       EXITED, TIMED_OUT or STOPPED (UNKNOWN when the
                                                            power fails: not synced)
    the result is synced                                    EXITED, TIMED_OUT or STOPPED, for ever

For a quick command the host pays about ten small processes and two syncs, and nobody polls: the supervisor
tells the start that waits for it through a pipe.
"""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass

from orchestrator.model.launch import CHUNK, KEPT, Launch
from orchestrator.reach.launch_processes import PROCESS, SYNC, TREE
from orchestrator.reach.supervisor import SUPERVISOR_NAME

HELLO = "wardround-launch"
"""The first word of every answer."""

PLACES = (
    '"${XDG_STATE_HOME:-/var/spool}/wardround" "${XDG_STATE_HOME:-${HOME:-/nowhere}/.local/state}/wardround"'
)
"""Shell words: where spools are, root's and all others'. Both survive a reboot. Root's lies in no folder of
another account: `/var/lib/wardround` is a worker's state on that worker's machine."""

_WHERE = r"""
_l_token=@TOKEN@
for _l_base in @PLACES@; do
  _l_spool=$_l_base/@SPOOL@
  [ ! -d "$_l_spool/claims" ] || break
  _l_spool=
done
[ -n "$_l_spool" ] || { echo "@HELLO@ unknown no-spool"; exit; }
_l_claim=$_l_spool/claims/$_l_token

# Finds the launch that has the claim.
_l_claimed() {
  [ -L "$_l_claim" ] || return 1
  _l_who=$(readlink "$_l_claim")
  _l_dir=$_l_spool/launches/${_l_who%%.*}
}
"""

STATE = r"""
_l_settled() {
  _l_how= _l_end=
  read -r _l_how _l_rc _l_began _l_up _l_then _l_out _l_err _l_end <"$_l_dir/result"
  [ "$_l_end" = end ]
} 2>/dev/null

# 0: something of it lives; 1: nothing; 2: this system can't tell.
_l_lives() {
  _l_sup= _l_sup_start= _l_sup_boot= _l_sup_token= _l_c= _l_c_start= _l_alone=
  read -r _l_sup _l_sup_start _l_sup_boot _l_sup_token <"$_l_dir/supervisor"
  read -r _l_c _l_c_start <"$_l_dir/process"
  _l_read_boot
  [ -n "$_l_boot" ] && [ "$_l_sup_start" != - ] || return 2
  [ "$_l_sup_boot" = "$_l_boot" ] || return 1
  ! _l_alive "$_l_sup" "$_l_sup_start" || return 0
  _l_alone=1
  if [ -n "$_l_c" ]; then
    _l_alive "$_l_c" "$_l_c_start"
  else
    grep -qsF "WARDROUND_LAUNCH=$_l_sup_token" /proc/[0-9]*/environ
  fi || return 1
} 2>/dev/null
"""

# One line, then stdout's bytes; stderr's on stderr.
_REPORT = r"""
_l_bytes() {
  [ "$3" -gt "$2" ] || return
  _l_count=$(($3 - $2))
  [ "$_l_count" -le @CHUNK@ ] || _l_count=@CHUNK@
  if [ "$2" = 0 ]; then
    head -c "$_l_count" "$1"
  else
    dd if="$1" bs=65536 skip=$(($2 / 65536)) count=$((_l_count / 65536 + 2)) 2>/dev/null |
      tail -c +$(($2 % 65536 + 1)) | head -c "$_l_count"
  fi
}

_l_unsettled() {
  _l_rc=- _l_began=- _l_up=- _l_then=- _l_out=0 _l_err=0
  case $1 in
    0)
      _l_how=running
      [ -z "$_l_alone" ] || _l_why=alone
      ;;
    2) _l_how=unknown _l_why=no-proc ;;
    *)
      _l_how=unknown _l_why=died
      _l_claimed
      [ "${_l_who##*.}" = "$_l_boot" ] || _l_why=rebooted
      [ -d "$_l_dir" ] || _l_why=swept
      [ ! -e "$_l_dir/command" ] || rm -f "$_l_dir/command"
      ;;
  esac
  if [ -s "$_l_dir/out" ] || [ -s "$_l_dir/err" ]; then
    _l_out=$(wc -c <"$_l_dir/out") _l_err=$(wc -c <"$_l_dir/err")
  fi
}

# How long it is over is told by the host's uptime: its clock may be wrong.
_l_ago() {
  _l_read_boot
  [ "$_l_then" != "$_l_boot" ] || read -r _l_now _l_x </proc/uptime
}

_l_report() {
  [ "$_l_who" != forbidden ] || { echo "@HELLO@ absent forbidden"; return; }
  _l_why=${1:--} _l_capped=-
  if ! _l_settled; then
    _l_lives
    _l_is=$?
    # It may have ended between the two questions.
    _l_settled || _l_unsettled $_l_is
  fi
  [ "$_l_out" -le @KEPT@ ] || _l_out=@KEPT@ _l_capped=capped
  [ "$_l_err" -le @KEPT@ ] || _l_err=@KEPT@ _l_capped=capped
  _l_now=-
  [ $_l_up = - ] || _l_ago
  echo "@HELLO@" $_l_how $_l_why $_l_rc $_l_began $_l_up "$_l_now" $_l_out $_l_err $_l_capped
  _l_bytes "$_l_dir/out" @OUT@ $_l_out
  _l_bytes "$_l_dir/err" @ERR@ $_l_err >&2
}
"""

_START = r"""
if _l_claimed; then _l_report; exit; fi
command -v setsid >/dev/null || { echo "@HELLO@ absent no-setsid"; exit; }
_l_program=$_l_spool/@SUPERVISOR@
[ -r "$_l_program" ] || { echo "@HELLO@ absent no-supervisor"; exit; }
_l_nonce=@NONCE@-$$
_l_dir=$_l_spool/launches/$_l_nonce
_l_who=$_l_nonce
_l_fail() {
  rm -rf "$_l_dir"
  echo "@HELLO@ absent no-room $1"
  exit
}
_l_said=$(mkdir -m 700 "$_l_dir" 2>&1) || _l_fail "$_l_said"
cat >"$_l_dir/command" <<'@END@' || _l_fail "the command could not be written to $_l_dir"
rm -f "$0"; @COMMAND@
@END@
{ setsid sh "$_l_program" "$_l_spool" "$_l_token" "$_l_nonce" @LIMIT@ @KEPT@ </dev/null 2>/dev/null & } | {
  _l_word= _l_said=
  read -r _l_word _l_said
  case $_l_word in
    no) _l_fail "$_l_said" ;;
    lost) _l_claimed ;;
    *) [ -L "$_l_claim" ] || _l_fail "its supervisor ended before it could claim" ;;
  esac
  _l_report
}
"""

_LOOK = r"""
_l_more() {
  [ "$2" -lt @KEPT@ ] && [ -s "$1" ] && [ "$(wc -c <"$1")" -gt "$2" ]
}

_l_news() {
  _l_settled || ! _l_lives || _l_more "$_l_dir/out" @OUT@ || _l_more "$_l_dir/err" @ERR@
}

_l_claimed || { echo "@HELLO@ absent unclaimed"; exit; }
# Seldom and more seldom: a long command's host has better things to do.
_l_left=@TENTHS@ _l_d=1
while [ $_l_left -gt 0 ] && ! _l_news; do
  [ $_l_d -le $_l_left ] || _l_d=$_l_left
  sleep $((_l_d / 10)).$((_l_d % 10)) 2>/dev/null || { sleep 1; _l_d=10; }
  _l_left=$((_l_left - _l_d)) _l_d=$((_l_d * 2))
  [ $_l_d -le 10 ] || _l_d=10
done
_l_report
"""

_FORBID = r"""
if ! _l_claimed; then
  _l_said=$(ln -s forbidden "$_l_claim" 2>&1)
  _l_sync "$_l_spool/claims"
  _l_claimed || { echo "@HELLO@ failed - $_l_said"; exit; }
fi
"""

# The supervisor writes the result. Where it is gone and its command was not, what is done here is the result.
_STOP = r"""
_l_seen=" " _l_stuck=- _l_tries=0
[ "$_l_who" = forbidden ] || while [ $_l_tries -lt 3 ] && ! _l_settled && _l_lives; do
  _l_tries=$((_l_tries + 1))
  echo $((@GRACE@ + 100)) >"$_l_dir/stopping"
  if ! _l_end @GRACE@ $((@GRACE@ + 50)); then
    _l_stuck=stuck
    echo "$_l_seen" >"$_l_dir/stuck"
    break
  fi
  echo x >"$_l_dir/stopped"
  if [ -n "$_l_alone" ]; then
    echo "stopped - - - - $(wc -c <"$_l_dir/out") $(wc -c <"$_l_dir/err") end" >"$_l_dir/ended" &&
      mv "$_l_dir/ended" "$_l_dir/result"
    break
  fi
  # It may have been about to start its command: then there is one now.
  _l_n=0
  while [ $_l_n -lt 20 ] && ! _l_settled && _l_lives; do
    _l_nap
    _l_n=$((_l_n + 1))
  done
done
_l_report $_l_stuck
"""


@dataclass(frozen=True, slots=True)
class Offsets:
    """How many bytes of each stream we have."""

    stdout: int = 0
    stderr: int = 0


def start_script(launch: Launch) -> str:
    limit = max(1, math.ceil(launch.timeout)) if launch.timeout is not None else 0
    text = _WHERE + PROCESS + STATE + _filled(_REPORT, _offsets(Offsets()))
    words = {"SUPERVISOR": SUPERVISOR_NAME, "NONCE": secrets.token_hex(8), "LIMIT": str(limit)}
    words |= {"END": secrets.token_hex(16)}
    started = _filled(_START, words)
    # Last and alone: nothing in the command is taken for one of our words.
    text = _filled(text + started, _place(launch.token, launch.spool))
    before, _, after = text.partition("@COMMAND@")
    return before + launch.command + after


def look_script(token: str, spool: str, offsets: Offsets, wait: float) -> str:
    words = _offsets(offsets) | {"TENTHS": str(math.ceil(wait * 10))}
    return _filled(_WHERE + PROCESS + STATE + _REPORT + _LOOK, words | _place(token, spool))


def forbid_script(token: str, spool: str) -> str:
    text = _WHERE + PROCESS + SYNC + STATE + _REPORT + _FORBID + "_l_report\n"
    return _filled(text, _offsets(Offsets()) | _place(token, spool))


def stop_script(token: str, spool: str, grace: float) -> str:
    """A token that was never used is forbidden as well: a start that is under way comes too late."""
    text = _WHERE + PROCESS + SYNC + TREE + STATE + _REPORT + _FORBID + _STOP
    words = _offsets(Offsets()) | {"GRACE": str(math.ceil(grace * 10))}
    return _filled(text, words | _place(token, spool))


def _place(token: str, spool: str) -> dict[str, str]:
    return {
        "TOKEN": token, "SPOOL": spool, "PLACES": PLACES,
        "HELLO": HELLO, "CHUNK": str(CHUNK), "KEPT": str(KEPT),
    }  # fmt: skip


def _offsets(offsets: Offsets) -> dict[str, str]:
    return {"OUT": str(offsets.stdout), "ERR": str(offsets.stderr)}


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text
