"""The fonts that a PDF is set in: without a Chinese one there is no PDF, for nobody can sign empty boxes."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import typst

from orchestrator.errors import PluginError
from orchestrator.language import Text

FOLDERS = "WARDROUND_FONTS"
"""Environment variable: folders to search instead of the system's."""

_SYSTEM = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
_CHINESE = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN")


def fonts() -> tuple[typst.Fonts, str]:
    """All fonts found, and the family of the Chinese one.

    Raises:
        PluginError: there is none for Chinese.
    """
    folders = _folders()
    found = _in(tuple(one for one in folders if one.is_dir()))
    families = frozenset(found.families())
    chinese = next((name for name in _CHINESE if name in families), None)
    if chinese is None:
        searched = ", ".join(str(one) for one in folders)
        raise PluginError(
            Text(
                f"生成 PDF 需要中文字体 {_CHINESE[0]}，在这些文件夹中没有找到：{searched}",
                f"a PDF needs the Chinese font {_CHINESE[0]}, and none of these folders has it: {searched}",
            ),
            Text(
                f"安装软件包 fonts-noto-cjk，或用环境变量 {FOLDERS} 指定字体文件夹",
                f"install the package fonts-noto-cjk, or name a folder in the variable {FOLDERS}",
            ),
        )
    return found, chinese


@lru_cache(maxsize=4)
def _in(folders: tuple[Path, ...]) -> typst.Fonts:
    """Looked for once: it takes half as long as setting a report."""
    return typst.Fonts(include_system_fonts=False, font_paths=list(folders))


def _folders() -> tuple[Path, ...]:
    given = os.environ.get(FOLDERS, "")
    names = given.split(os.pathsep) if given else _SYSTEM
    return tuple(Path(name).expanduser() for name in names if name)
