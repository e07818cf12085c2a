"""Who is on stage: the demo hospital's hosts, their services and their places on loopback."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

NETWORK = "127.77.0"
"""All of 127/8 is this machine on Linux: every host has an address of its own, nothing leaves the machine."""

SSH_PORT = 22022


class ServiceKind(StrEnum):
    """What runs behind a service's name."""

    HTTP = "http"
    """A small web service with a health page: stands in for an application server."""
    POSTGRES = "postgres"
    """A real PostgreSQL server."""
    NGINX = "nginx"
    """A real nginx with a real certificate."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service of a host, with the port that it has unless something else uses it."""

    name: str
    kind: ServiceKind
    port: int


@dataclass(frozen=True, slots=True)
class StageHost:
    """One host of the demo hospital. Its groups and systems stand in the site's own documents."""

    name: str
    number: int
    """The last part of its address."""
    service: Service | None = None
    database: str = ""
    """Name of the database that its PostgreSQL holds."""

    @property
    def address(self) -> str:
        return f"{NETWORK}.{self.number}"


def _http(name: str, port: int) -> Service:
    return Service(name, ServiceKind.HTTP, port)


HOSTS = (
    StageHost("his-db01", 11, Service("postgresql", ServiceKind.POSTGRES, 15432), "his"),
    StageHost("his-app01", 21, _http("his-app", 18081)),
    StageHost("his-app02", 22, _http("his-app", 18082)),
    StageHost("web01", 31, Service("nginx", ServiceKind.NGINX, 18443)),
    StageHost("emr-app01", 41, _http("emr-app", 18083)),
    StageHost("lis-db01", 51, Service("postgresql", ServiceKind.POSTGRES, 15433), "lis"),
    StageHost("lis-app01", 52, _http("lis-app", 18084)),
    StageHost("mq01", 61, _http("integration", 18085)),
    StageHost("yb-front01", 71, _http("yb-front", 18086)),
    StageHost("pay-front01", 81, _http("pay-front", 18087)),
    StageHost("bak01", 91),
)
