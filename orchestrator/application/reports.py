"""Turning a recorded round into a file for people."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from orchestrator.application.folder import require_folder
from orchestrator.application.runbooks import read_catalogue
from orchestrator.errors import ChainBroken, NotFound, StoreError
from orchestrator.language import Language, Text
from orchestrator.model.audit import Anchor
from orchestrator.model.check import Metric
from orchestrator.model.report import RoundReport
from orchestrator.model.site import Site
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry
from orchestrator.plugin.renderer import Renderer
from orchestrator.records.chain_tail import sound_anchor
from orchestrator.records.rounds import latest_round
from orchestrator.reporting.round_report import build_report


class Reports:
    """Reports of one site's rounds."""

    def __init__(
        self,
        site: Site,
        checks: Registry[CheckPlugin],
        renderers: Registry[Renderer],
        clock: Callable[[], datetime],
    ) -> None:
        self._site = site
        self._checks = checks
        self._renderers = renderers
        self._clock = clock

    def build(self, number: int | None) -> RoundReport:
        """The report of round `number`, or of the latest.

        Raises:
            NotFound: there is no such round.
        """
        report = build_report(
            number if number is not None else latest_round(),
            self._site.hospital,
            read_catalogue(self._site),
            str(self._site.timezone),
            self._clock(),
            self._known_metric,
        )
        return replace(report, anchor=_anchor())

    def render(self, report: RoundReport, form: str, language: Language) -> bytes:
        """Raises NotFound when no renderer makes `form`."""
        return self._renderer(form).render(report, language)

    def write(self, report: RoundReport, form: str, language: Language, path: Path | None) -> Path:
        """Write it where asked, or into the site's state, whole or not at all.

        Raises:
            NotFound: no renderer makes `form`, or the folder of `path` does not exist.
            StoreError: it can't be written.
        """
        renderer = self._renderer(form)
        if path is not None:
            require_folder(path.parent)
        name = f"{report.runbook}-{report.round:05d}.{language}.{renderer.suffix}"
        target = path or self._site.state / "reports" / name
        _write_whole(target, renderer.render(report, language))
        return target

    def _renderer(self, form: str) -> Renderer:
        if form not in self._renderers:
            known = ", ".join(self._renderers.names)
            raise NotFound(
                Text(f"没有名为 {form} 的报告格式", f"there is no report format {form}"),
                Text(f"可用：{known}", f"there are: {known}"),
            )
        return self._renderers.get(form)

    def _known_metric(self, check: str, metric: str) -> Metric | None:
        if check not in self._checks:
            return None
        try:
            return self._checks.get(check).spec.metric(metric)
        except KeyError:
            return None


def _anchor() -> Anchor | None:
    """None where the log is broken: a report of what was seen is shown, and vouches for no more."""
    try:
        return sound_anchor()
    except ChainBroken:
        return None


def _write_whole(target: Path, data: bytes) -> None:
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)  # a device or a pipe is written to; renaming over it would destroy it
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".report-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).chmod(0o640)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StoreError(
            Text(
                f"无法写入报告 {target}：{error.strerror}",
                f"can't write the report {target}: {error.strerror}",
            )
        ) from error
