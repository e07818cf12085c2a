"""Making a new site folder from the shipped template."""

from __future__ import annotations

import shutil
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.language import Text


def make_site(target: Path, template: Path) -> None:
    """Copy the template, whole or not at all.

    Raises:
        InputError: the folder holds something already, or can't be written.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(
            Text(
                f"{target} 已存在且不为空，未做任何改动",
                f"{target} exists and is not empty; nothing was changed",
            ),
            Text("换一个新目录", "name a new folder"),
        )
    staged = target.with_name(f".{target.name}.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(staged, ignore_errors=True)
        shutil.copytree(template, staged)
        if target.exists():
            target.rmdir()
        staged.rename(target)
    except OSError as error:
        shutil.rmtree(staged, ignore_errors=True)
        reason = error.strerror or str(error)
        raise InputError(
            Text(f"无法创建 {target}：{reason}", f"can't make {target}: {reason}"),
            Text("检查权限和剩余空间", "check the permissions and the free space"),
        ) from error
