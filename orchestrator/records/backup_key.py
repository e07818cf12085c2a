"""Whether a backup belongs to the site's key, without which the second factors in it can't be read."""

from __future__ import annotations

from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.language import Text
from orchestrator.records.archive import Manifest
from orchestrator.records.site_key import FILE, key_fingerprint


def has_other_key(manifest: Manifest, state: Path) -> bool:
    """False too where the backup was made before there was any key: nothing in it hangs on one."""
    return manifest.site_key not in ("", key_fingerprint(state))


def require_same_key(path: Path, manifest: Manifest, state: Path) -> None:
    """Raises InputError when the site's key is another one; says what that means and how to mend it."""
    if not has_other_key(manifest, state):
        return
    file, ours = state / FILE, key_fingerprint(state)
    have = (
        Text(f"本站的是 {ours}", f"this site's is {ours}")
        if ours
        else Text("本站还没有密钥", "this site has none")
    )
    raise InputError(
        Text(
            f"{path} 属于另一把站点密钥 {manifest.site_key}，{have.zh}：恢复后所有人的动态码都无法解密，"
            "谁也不能登录；新旧脱敏标记也不能对照。什么都没有改动",
            f"{path} belongs to another site key, {manifest.site_key}, and {have.en}: nobody's second factor "
            "could be read once it is restored, so nobody could log in, and masks of then and now could not "
            "be compared; nothing was changed",
        ),
        Text(
            f"先把当时的 site.key 放回 {file}（权限 600），再恢复。确已丢失才加 --other-key："
            "安全管理员只凭口令登录，重新绑定动态码，再用 wardround user reset-totp 为其他人逐个解除绑定",
            f"put the site.key of that time back to {file} (mode 600), then restore. Only if it is lost, add "
            "--other-key: security administrators log in by password alone, enrol anew, and run "
            "wardround user reset-totp for each of the others",
        ),
    )
