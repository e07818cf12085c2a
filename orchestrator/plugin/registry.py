"""Finds plugins by entry point. The only place that imports code by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from orchestrator.errors import PluginError
from orchestrator.language import Text

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

CHECKS = "orchestrator.checks"
RENDERERS = "orchestrator.renderers"

Plugin = TypeVar("Plugin")


class Registry(Generic[Plugin]):
    """The plugins of one kind. Names are known at once; a plugin's code is imported when it is asked for."""

    def __init__(self, group: str, required: tuple[str, ...]) -> None:
        """Reads the entry points of `group` when it is first asked; each plugin must have the attributes in
        `required`. Whatever asks raises PluginError where two distributions offer a plugin of the same name.
        """
        self._group = group
        self._required = required
        self._loaded: dict[str, Any] = {}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._points))

    def __contains__(self, name: object) -> bool:
        return name in self._points

    def get(self, name: str) -> Plugin:
        """The plugin of that name.

        Raises:
            KeyError: there is none.
            PluginError: it can't be imported, or lacks a part of its contract.
        """
        if name not in self._loaded:
            self._loaded[name] = self._load(self._points[name])
        plugin: Plugin = self._loaded[name]
        return plugin

    @cached_property
    def _points(self) -> Mapping[str, EntryPoint]:
        from importlib.metadata import entry_points

        points: dict[str, EntryPoint] = {}
        for point in entry_points(group=self._group):
            if point.name in points:
                raise PluginError(
                    Text(
                        f"两个软件包都提供名为 {point.name} 的插件",
                        f"two packages offer a plugin named {point.name}",
                    ),
                    Text("卸载其中一个", "uninstall one of them"),
                )
            points[point.name] = point
        return points

    def _load(self, point: EntryPoint) -> Any:
        try:
            plugin = point.load()
        except Exception as error:
            raise PluginError(
                Text(
                    f"插件 {point.name} 无法加载：{error}",
                    f"plugin {point.name} can't be loaded: {error}",
                )
            ) from error
        missing = [name for name in self._required if not hasattr(plugin, name)]
        if missing:
            raise PluginError(
                Text(
                    f"插件 {point.name} 缺少 {', '.join(missing)}",
                    f"plugin {point.name} lacks {', '.join(missing)}",
                )
            )
        return plugin

    def versions(self) -> Mapping[str, str]:
        """Distribution name -> version, over all plugins of this kind."""
        # A distribution reads its metadata anew each time it is asked for its name.
        distributions = {
            id(point.dist): point.dist for point in self._points.values() if point.dist is not None
        }
        return {found.name: found.version for found in distributions.values()}
