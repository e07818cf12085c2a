"""Whether a host's systemd ends what a login started when the login ends: launches would not outlive it."""

from __future__ import annotations

from typing import cast

from orchestrator.language import Text
from orchestrator.model.question import Command, CommandAnswer
from orchestrator.reach.session import Session

_LOGIND = "org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager"

# A login is in a scope of logind's own or, where logind has no part in it, in the unit of what let it in.
_SCRIPT = f"""
while IFS=: read -r _l_number _l_name _l_path; do
  _l_unit=${{_l_path##*/}}
  case $_l_name:$_l_unit in
    :session-*.scope|name=systemd:session-*.scope)
      [ "$(busctl get-property {_LOGIND} KillUserProcesses)" = 'b true' ] || continue
      case $(busctl get-property {_LOGIND} KillExcludeUsers) in *'"'$(id -un)'"'*) continue ;; esac
      echo "logout $(id -un)"
      exit
      ;;
    :*.service|name=systemd:*.service)
      case $(systemctl show -p KillMode "$_l_unit") in
        *=control-group|*=mixed)
          echo "restart $_l_unit"
          exit
          ;;
      esac
      ;;
  esac
done </proc/self/cgroup 2>/dev/null
"""


async def what_ends_logins(session: Session) -> Text | None:
    """What would end a launched command too early, and how to mend it; None where nothing is known to.

    Raises:
        Unreachable: the connection broke and could not be made again.
    """
    command = Command(_SCRIPT)
    answer = cast("CommandAnswer", (await session.ask([command]))[command])
    kind, _, name = answer.stdout.decode("utf-8", "replace").strip().partition(" ")
    if kind == "logout":
        return Text(
            f"systemd 在 {name} 退出登录时结束其全部进程：在 logind.conf 中设置 KillUserProcesses=no",
            f"its systemd ends all that {name} started at logout: set KillUserProcesses=no in logind.conf",
        )
    if kind == "restart":
        return Text(
            f"重启 {name} 会结束在其中启动的命令：为该单元设置 KillMode=process",
            f"a restart of {name} ends the commands started in it: set KillMode=process for that unit",
        )
    return None
