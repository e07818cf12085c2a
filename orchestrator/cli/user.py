"""`wardround user`: accounts, roles and authorisations."""

from __future__ import annotations

from orchestrator.cli.language import say
from orchestrator.cli.lazy import Entry, LazyGroup
from orchestrator.language import Text

_ACCOUNT, _RIGHTS = "orchestrator.cli.account", "orchestrator.cli.rights"

command = LazyGroup(
    name="user",
    help=say("人员：账号、角色、授权。", "People: accounts, roles, authorisations."),
    entries={
        "setup": Entry(_ACCOUNT, Text("初始化三员账号", "Make the three administrators"), "setup"),
        "add": Entry(_ACCOUNT, Text("新建账号", "Make an account"), "add"),
        "list": Entry(_ACCOUNT, Text("列出账号", "List accounts"), "list_accounts"),
        "show": Entry(_ACCOUNT, Text("查看一个账号", "Show an account"), "show"),
        "block": Entry(_ACCOUNT, Text("停用账号", "Block an account"), "block"),
        "unblock": Entry(_ACCOUNT, Text("恢复或解锁账号", "Unblock or unlock an account"), "unblock"),
        "password": Entry(_ACCOUNT, Text("修改自己的口令", "Change your password"), "password"),
        "reset-password": Entry(_ACCOUNT, Text("重置他人口令", "Reset a password"), "reset_password"),
        "reset-totp": Entry(_ACCOUNT, Text("重置他人动态码", "Reset a second factor"), "reset_totp"),
        "role": Entry(_RIGHTS, Text("给予或撤销角色", "Give and take roles"), "role"),
        "grant": Entry(_RIGHTS, Text("授权", "Authorise"), "grant"),
        "revoke": Entry(_RIGHTS, Text("撤销授权", "Revoke an authorisation"), "revoke"),
        "authorisations": Entry(_RIGHTS, Text("列出授权", "List authorisations"), "authorisations"),
    },
)
