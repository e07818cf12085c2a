"""Whether systemd ends what a login has started: a command that must run once would not outlive its login.

`logout`: logind kills what a login leaves behind. Set `KillUserProcesses=no` in its `logind.conf`, or name
the user in `KillExcludeUsers`. `restart`: a restart of that unit kills the logins in it. Set
`KillMode=process` there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrator.errors import NotApplicable
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Direction, Evidence
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import output, sections, unreadable

_LOGIND = "org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager"
# A login is in a scope of logind's own or, where logind has no part in it, in the unit of what let it in.
GROUP = f"""
while IFS=: read -r _l_number _l_name _l_path; do
  case $_l_name in ''|name=systemd) ;; *) continue ;; esac
  _l_unit=${{_l_path##*/}}
  case $_l_unit in
    session-*.scope)
      echo '@@@ user'; id -un
      echo '@@@ kill'; busctl get-property {_LOGIND} KillUserProcesses 2>&1
      echo '@@@ exclude'; busctl get-property {_LOGIND} KillExcludeUsers 2>&1
      exit 0 ;;
    *.service)
      echo '@@@ unit'; echo "$_l_unit"
      echo '@@@ mode'; systemctl show -p KillMode "$_l_unit" 2>&1
      exit 0 ;;
  esac
done </proc/self/cgroup
"""

spec = CheckSpec(
    code="",
    title=Text("登录结束后命令能否继续", "commands outlive their login"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "ended_by",
            Text("会终止命令的事", "what ends commands"),
            direction=Direction.NONE,
            warn="!= nothing",
            evidence=Evidence.VERIFIED,
            source="logind.conf(5), systemd.kill(5)",
        ),
    ),
)


class Parameters(CheckParameters):
    """None."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    said = output(ask.run(GROUP))
    parts = {name: text.strip() for name, text in sections(said).items()}
    if "user" in parts:
        yield _of_login(parts, said)
    elif "unit" in parts:
        yield _of_unit(parts, said)
    else:
        raise NotApplicable(Text("登录不归 systemd 管理", "systemd has no part in logins here"))


def _of_login(parts: Mapping[str, str], said: str) -> Observation:
    kill, exclude = parts.get("kill", ""), parts.get("exclude", "")
    if kill not in ("b true", "b false") or not exclude.startswith("as "):
        raise unreadable(said)
    ends = kill == "b true" and f'"{parts["user"]}"' not in exclude
    evidence = f"KillUserProcesses: {kill}, KillExcludeUsers: {exclude}, user {parts['user']}"
    return Observation("ended_by", "logout" if ends else "nothing", evidence=evidence)


def _of_unit(parts: Mapping[str, str], said: str) -> Observation:
    mode = parts.get("mode", "")
    if not mode.startswith("KillMode="):
        raise unreadable(said)
    ends = mode in ("KillMode=control-group", "KillMode=mixed")
    return Observation("ended_by", "restart" if ends else "nothing", parts["unit"], mode)
