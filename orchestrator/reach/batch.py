"""The scripts that a kept `sh` is fed with, and what they print: commands in, answers out. Pure text work.

A *batch* holds its output back in files on the host and sends it at once: sshd makes a packet of every
small write, and dozens of packets cost more than everything else. Files, because shell variables lose NULs
and final newlines, and because a background child that keeps its output open must not hold up the rest.
Every command runs in a subshell, so that `exit`, `cd`, `set -e`, traps, umask and redirections end with it.
Frames are separated by random tokens that no command can see before its batch is over.

What the host pays is processes: a fork or a program more a batch is one percent of twenty checks. So files
are removed some batches later, sizes are looked at only when much was written, programs and pipelines of them
get no subshell (a shell starts one program with vfork, at a third of the price), and what is surely whole is
written into its subshell as it is: there the shell becomes its last program instead of forking it.

Where no directory can be written (a full disk is just what we came to see), commands are *streamed*: one an
exchange, straight through stdout and stderr.

Each batch has one watchdog, a subshell that looks once a second which command runs. When that command's time
is over it ends its process tree: TERM, then KILL; if nothing helps (a hung NFS mount) it sends what is done
and takes the shell down.
"""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from orchestrator.model.question import Command, CommandAnswer, CommandEnd

CAP = 4 * 1024 * 1024
"""Bytes of stdout, and of stderr, that an answer carries at most."""

DIRECTORIES = ("/dev/shm", '"${XDG_RUNTIME_DIR:-}"', '"${TMPDIR:-/tmp}"', "/var/tmp")  # noqa: S108 - see PRELUDE
"""Shell words: where output is held back, best first. Memory before disks, which may be full or slow."""

GRACE = 5
"""Seconds beyond its limit by which the watchdog has ended a command or given up."""

_BLOCK = 65_536
_KEPT_BLOCKS = CAP // _BLOCK + 1
"""One more than the cap, so that a file of exactly the cap is told from a longer one."""

_WORD = r"""(?:[\w./:=,+%@*?~-]|'[ -&(-~]*'|"[ #%-\[\]-_a-~]*")+"""
_REST = rf"(?: +(?:{_WORD}|[12]?>(?:&[12]|/dev/null)(?= |$|[|;&])))*"
_RESERVED = "if|then|else|elif|fi|do|done|case|esac|while|until|for|in|function|select|time|coproc"
_SIMPLE = rf"(?!(?:{_RESERVED})\b){_WORD}{_REST}"
_WHOLE = re.compile(rf"{_SIMPLE}(?: *(?:\|\|?|&&|;) *{_SIMPLE})*", re.ASCII)
"""Commands that are surely whole: words and quoted strings, joined by `|`, `||`, `&&` and `;`."""

# What some shell does itself, dash, bash, ksh, mksh, zsh and busybox: it could change the shell it runs in.
_BUILTINS = (
    "alias|autoload|bg|bind|bindkey|break|builtin|bye|caller|cd|chdir|command|compgen|complete|compopt|continue|"
    "declare|dirs|disable|disown|echo|echotc|emulate|enable|eval|exec|exit|export|false|fc|fg|float|functions|"
    "getopts|hash|help|hist|history|integer|jobs|kill|let|limit|local|log|login|logout|mapfile|nameref|newgrp|"
    "noglob|nohup|popd|print|printf|private|pushd|pwd|r|read|readarray|readonly|rehash|return|sched|set|setopt|"
    "shift|shopt|sleep|source|stop|suspend|test|times|trap|ttyctl|true|type|typeset|ulimit|umask|unalias|"
    "unfunction|unhash|unlimit|unset|unsetopt|vared|wait|whence|where|which|z[a-z]+"
)
_PROGRAM = re.compile(rf"(?!(?:{_RESERVED}|{_BUILTINS})(?:[ |]|$))[a-zA-Z/][\w./+-]*{_REST}", re.ASCII)
_PART = re.compile(rf"{_PROGRAM.pattern}(?= *(?:\||$))", re.ASCII)
_PIPELINE = re.compile(rf"{_PROGRAM.pattern}(?: *\| *{_PROGRAM.pattern})*", re.ASCII)
"""Programs and their arguments: they need no subshell, they are processes of their own."""

# `ulimit -f` bounds a runaway command at 64 MiB a file (the unit is 512 bytes in every POSIX sh).
# USR1 is how the watchdog says "timed out" where it has no file to say it in.
_PRELUDE = r"""
_w_d=
for _w_b in @DIRECTORIES@; do
  [ -n "$_w_b" ] || continue
  @STALE@
  mkdir -m 700 "$_w_b/@NAME@" || continue
  echo x >"$_w_b/@NAME@/probe" && _w_d=$_w_b/@NAME@ && break
  rm -rf "$_w_b/@NAME@"
done 2>/dev/null
trap '[ -z "$_w_d" ] || exec rm -rf "$_w_d"' EXIT
trap 'exit 129' HUP
trap 'exit 141' PIPE
trap 'exit 143' TERM
trap '_w_g=1' USR1
ulimit -S -f 131072 2>/dev/null
_w_parent=
[ -d "/proc/$PPID" ] && _w_parent=/proc/$PPID

_w_begin() {
  _w_full=
  _w_written
  _w_before=$_w_y
  printf '' >"$_w_d/$_w_n.rc.late" || _w_full=1
  _w_ran begin
}

_w_ran() {
  [ "$1" != 153 ] || _w_cut
  _w_u=
  read -r _w_u _w_v </proc/uptime
  echo "$1 $_w_u" >>"$_w_d/$_w_n.rc" || _w_full=1
}

# What this shell and all its children wrote so far: no file can be longer. Nothing where nobody counts it.
_w_written() {
  while read -r _w_x _w_y; do
    [ "$_w_x" != wchar: ] || return
  done </proc/self/io
  _w_y=
}

# KILL: a child that has just been forked may still have this shell's own traps, and would run them on TERM.
_w_end() {
  kill -KILL "$_w_p"
  echo x >"$_w_d/$_w_n.probe" || _w_full=1
  _w_written
  [ -n "$_w_y" ] && [ $((_w_y - _w_before)) -le @CAP@ ] || _w_cut
  _w_t=$1 _w_z=$2
  _w_emit || printf '%s%s' "$_w_t" "$_w_z"
  _w_t= _w_z=
  [ -z "$3$_w_long" ] || rm -f "$_w_d"/[0-9]*
  _w_long=
}

_w_emit() {
  [ -z "$_w_full" ] && printf %s "$_w_t" >"$_w_d/$_w_n.t" && printf %s "$_w_z" >"$_w_d/$_w_n.z" || return 1
  # sshd makes a packet of each write. head gathers what it writes; cat does not, and needs dd for that.
  eval "head -q -c @MOST@ $_w_files" || eval "cat $_w_files | dd ibs=@BLOCK@ obs=@BLOCK@"
}

_w_cut() {
  _w_long=1
  (cd "$_w_d" && for _w_x in $(find . -type f -size +@BLOCKS512@); do
    dd if=/dev/null of="$_w_x" bs=@BLOCK@ seek=@KEPT@
  done)
}

_w_watch() {
  _w_last=
  while sleep 1 >/dev/null 2>&1; do
    if ! kill -0 $$; then
      [ -z "$_w_d" ] || rm -rf "$_w_d"
      exit
    fi
    # Nobody is left to answer to: the connection is gone.
    if [ -n "$_w_parent" ] && [ ! -d "$_w_parent" ]; then
      kill -STOP $$
      _w_tree
      kill -KILL $_w_pids
      [ -z "$_w_d" ] || rm -rf "$_w_d"
      kill -KILL $$
      exit
    fi
    _w_now || continue
    [ "$_w_i" -lt $# ] || continue
    [ "$_w_i" = "$_w_last" ] || _w_k=0
    _w_last=$_w_i
    _w_k=$((_w_k + 1))
    eval "_w_over=\$((_w_k - \${$((_w_i + 1))}))"
    case $_w_over in
      1) _w_stop TERM ;;
      3) _w_stop KILL ;;
      5) _w_stuck ;;
    esac
  done
}

# The command that runs is the one after all that have a status.
_w_now() {
  _w_i=0
  [ -n "$_w_d" ] || return 0
  _w_i=-1
  while read -r _w_x; do
    _w_i=$((_w_i + 1))
  done <"$_w_d/$_w_n.rc"
}

_w_stop() {
  _w_tree
  _w_now && [ "$_w_i" = "$_w_last" ] || return
  if [ -n "$_w_d" ]; then echo "late $_w_i" >>"$_w_d/$_w_n.rc.late"; else kill -USR1 $$; fi
  # Frozen first: nothing forks away in between, and no parent remarks on the death of its child.
  kill -STOP $_w_pids
  kill -"$1" $_w_pids
  kill -CONT $_w_pids
}

_w_stuck() {
  kill -STOP $$
  if _w_now && [ "$_w_i" = "$_w_last" ]; then
    if [ -n "$_w_d" ]; then
      echo "stuck $_w_i" >>"$_w_d/$_w_n.rc.late"
      _w_cut
      _w_emit
      rm -rf "$_w_d"
    else
      printf %s "$_w_z" >&2
      printf '%s0 1%s' "$_w_t" "$_w_z"
    fi
    kill -KILL $$
    exit
  fi
  kill -CONT $$
}

# Children before parents: once the shell sees its own child end, it ends this watchdog, in mid-kill or not.
_w_tree() {
  _w_me=$(exec sh -c 'echo $PPID')
  _w_all=$(ps -A -o pid= -o ppid=) || _w_all=$(_w_proc)
  _w_pids=" "
  _w_more=1
  while [ -n "$_w_more" ]; do
    _w_more=
    set -- $_w_all
    while [ $# -gt 1 ]; do
      case " $$$_w_pids" in *" $2 "*)
        case "$_w_pids $_w_me " in *" $1 "*) ;; *) _w_pids=" $1$_w_pids"; _w_more=1 ;; esac
      esac
      shift 2
    done
  done
}

_w_proc() {
  for _w_x in /proc/[0-9]*/stat; do
    read -r _w_y <"$_w_x" || continue
    set -- ${_w_y##*) }
    _w_x=${_w_x#/proc/}
    echo "${_w_x%/stat} $2"
  done
}
printf '%s%s%s' @READY@ "${_w_d:+held}" @SET@
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one exchange with a shell."""

    answers: Mapping[int, CommandAnswer]
    """By the command's place in the batch; those that were not answered are missing."""
    no_room: bool = False
    """The host could not hold back the output: ask again, streamed."""


def prelude(
    ready: tuple[str, str], name: str, stale: str = "", directories: Sequence[str] = DIRECTORIES
) -> bytes:
    """What a fresh shell is told first: functions and its private directory `name`.

    Then it prints the two words `ready`, and between them `held` if it found room to hold output back.
    `stale` is the directory of a shell that was lost: it is removed, so that nothing is left behind.
    """
    text = _PRELUDE
    for word, value in (
        ("DIRECTORIES", " ".join(directories)),
        ("STALE", f'rm -rf "$_w_b/{stale}"' if stale else ":"),
        ("NAME", name),
        ("READY", ready[0]),
        ("SET", ready[1]),
        ("BLOCKS512", str(_KEPT_BLOCKS * _BLOCK // 512)),
        ("BLOCK", str(_BLOCK)),
        ("CAP", str(CAP)),
        ("MOST", str(_KEPT_BLOCKS * _BLOCK)),
        ("KEPT", str(_KEPT_BLOCKS)),
    ):
        text = text.replace(f"@{word}@", value)
    return text.encode()


@dataclass(frozen=True, slots=True)
class Batch:
    """Some commands, asked in one exchange over files on the host."""

    commands: Sequence[Command]
    number: int
    """Counts a shell's batches, so that what an old background child still writes goes to an old file."""
    sweeps: bool = True
    """Whether the files of this batch and of all before it are removed after it."""
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    end: str = field(default_factory=lambda: secrets.token_hex(16))

    def script(self) -> bytes:
        """Braces make the shell read everything before it runs anything: half a script does nothing."""
        name = f'"$_w_d"/{self.number}.'
        files = " ".join(
            f"{name}t {name}{index}.o {name}t {name}{index}.e" for index in range(len(self.commands))
        )
        limits = " ".join(_limit(command) for command in self.commands)
        lines = [
            f"{{ _w_n={self.number}",
            f"_w_files='{files} {name}t {name}rc {name}t {name}rc.late {name}t {name}z'",
            "_w_begin",
            # The tokens are the watchdog's alone, and the shell's own only when no command runs any more.
            f"_w_t={self.token} _w_z={self.end} _w_watch {limits} &",
            "_w_p=$!",
            *(
                f'[ -n "$_w_full" ] || {{ {_run(command.text, f"{name}{index}")}; _w_ran $?; }}'
                for index, command in enumerate(self.commands)
            ),
            f"_w_end {self.token} {self.end} {'sweep' if self.sweeps else ''}; }} 2>/dev/null\n",
        ]
        return "\n".join(lines).encode("utf-8", "surrogateescape")

    def parse(self, content: bytes) -> Outcome:
        """Read what was printed between the first token and the end."""
        frames = content.split(self.token.encode())
        if len(frames) != 2 * len(self.commands) + 3:
            return Outcome({}, no_room=True)
        statuses, lateness = frames[-3].split(b"\n"), frames[-2].split(b"\n")
        late = {int(line.split()[1]) for line in lateness if line}
        stuck = {int(line.split()[1]) for line in lateness if line.startswith(b"stuck")}
        lines = [line.split() for line in statuses if line]
        done = lines[1:]
        answers: dict[int, CommandAnswer] = {}
        for index in range(len(self.commands)):
            has_status = index < len(done)
            if has_status or index in stuck:
                rc = int(done[index][0]) if has_status and index not in late else None
                answers[index] = _answer(
                    rc,
                    frames[2 * index],
                    frames[2 * index + 1],
                    CommandEnd.TIMED_OUT if index in late else CommandEnd.EXITED,
                    _seconds(lines[index : index + 2]),
                )
        return Outcome(answers)


@dataclass(frozen=True, slots=True)
class Streamed:
    """One command, asked straight through stdout and stderr."""

    command: Command
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    end: str = field(default_factory=lambda: secrets.token_hex(16))

    def script(self) -> bytes:
        lines = [
            "{ _w_g=0",
            '[ -z "$_w_d" ] || { rm -rf "$_w_d"; _w_d=; }',
            f"printf %s {self.token}; printf %s {self.token} >&2",
            f"_w_t={self.token} _w_z={self.end} _w_watch {_limit(self.command)} 2>/dev/null &",
            "_w_p=$!",
            # Only the command writes to stderr; what the shell itself says ("Killed") is not its output.
            f'{{ ( _w_c={_quoted(self.command.text)}; set --; eval " $_w_c" ) </dev/null 2>&9 9>&-',
            "_w_s=$?; } 9>&2 2>/dev/null",
            f"printf %s {self.end} >&2",
            # Waited for: its SIGCHLD would otherwise interrupt our own last write to a full pipe.
            "{ kill -KILL $_w_p; wait $_w_p; } 2>/dev/null",
            f"printf '%s%s %s%s' {self.token} $_w_s $_w_g {self.end}; }}\n",
        ]
        return "\n".join(lines).encode("utf-8", "surrogateescape")

    def parse(self, stdout: bytes, stderr: bytes) -> Outcome:
        """Read what was printed on both between the first token and the end."""
        output, _, status = stdout.rpartition(self.token.encode())
        rc, late = status.split()
        end = CommandEnd.TIMED_OUT if late == b"1" else CommandEnd.EXITED
        return Outcome({0: _answer(int(rc) if late == b"0" else None, output, stderr, end)})


def _answer(
    rc: int | None, stdout: bytes, stderr: bytes, end: CommandEnd, seconds: float = 0.0
) -> CommandAnswer:
    capped = len(stdout) > CAP or len(stderr) > CAP
    return CommandAnswer(rc, stdout[:CAP], stderr[:CAP], end, capped, seconds)


def _seconds(lines: Sequence[Sequence[bytes]]) -> float:
    """From the host's uptime before this command and after it; 0 where there is none."""
    if len(lines) < 2 or len(lines[0]) < 2 or len(lines[1]) < 2:
        return 0.0
    return max(0.0, round(float(lines[1][1]) - float(lines[0][1]), 2))


def _limit(command: Command) -> str:
    return str(max(1, math.ceil(command.timeout)))


def _run(text: str, name: str) -> str:
    return name.join(_kept_around(text) if len(text) <= _SHORT else _around(text))


_SHORT = 1_000
"""Characters. What checks ask again and again is shorter; whole scripts are longer, and a worker would keep
gigabytes of them in the course of weeks."""


def _around(text: str) -> tuple[str, ...]:
    """The command so that nothing in it can break the script around it or change the shell that reads it, in
    pieces: the name of its files comes between them."""
    if not _PIPELINE.fullmatch(text):
        inside = text if _WHOLE.fullmatch(text) else f'eval " "{_quoted(text)}'
        return f"( {inside}\n) </dev/null >", ".o 2>", ".e"
    # To each its own redirection: what the shell says when one is ended is not the command's output.
    *parts, last = (found.group() for found in _PART.finditer(text))
    pieces, before = [], "</dev/null "
    for part in parts:
        pieces.append(f"{before}2>>")
        before = f".e {part} | "
    return (*pieces, f"{before}>", ".o 2>>", f".e {last}")


# Hosts are asked much the same, and matching it costs more than all else of a batch's script. A text may hold
# a secret: the process that keeps it here is the one that can open them all.
_kept_around = lru_cache(maxsize=1_024)(_around)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
