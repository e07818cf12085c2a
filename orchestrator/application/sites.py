"""Finding and reading the site that a command is about."""

from __future__ import annotations

from pathlib import Path

from orchestrator.documents.site import read_site
from orchestrator.errors import NotFound
from orchestrator.language import Text
from orchestrator.model.site import Site

SITE_FILE = "wardround.yml"


def open_site(folder: Path | None, content: Path) -> Site:
    """Read the site in `folder`, or the one that the current folder lies in.

    Args:
        content: where the product's own runbooks lie, searched after the site's.

    Raises:
        NotFound: there is no `wardround.yml`.
        InvalidDocument: it has errors.
    """
    return read_site(_site_file(folder), content)


def _site_file(folder: Path | None) -> Path:
    if folder is not None:
        candidate = folder if folder.name == SITE_FILE else folder / SITE_FILE
        if candidate.is_file():
            return candidate.resolve()
        raise NotFound(
            Text(f"{folder} 不是站点目录：没有 {SITE_FILE}", f"{folder} is no site: it has no {SITE_FILE}"),
            Text("用 wardround init 目录 新建一个", "make one with: wardround init FOLDER"),
        )
    here = Path.cwd()
    for parent in (here, *here.parents):
        if (parent / SITE_FILE).is_file():
            return parent / SITE_FILE
    raise NotFound(
        Text(f"{here} 及其上级目录中没有 {SITE_FILE}", f"no {SITE_FILE} in {here} or above it"),
        Text(
            "进入站点目录，或用 --site 指定，或用 wardround init 新建",
            "go to a site, name one with --site, or make one with: wardround init FOLDER",
        ),
    )
