"""Where what Ansible said of a site's inventory is remembered, closed with the site's own key."""

from __future__ import annotations

import hashlib
import hmac

from orchestrator.errors import StoreError
from orchestrator.model.site import Site
from orchestrator.reach.inventory_cache import CacheFolder
from orchestrator.records.site_key import site_key


def inventory_memory(site: Site) -> CacheFolder | None:
    """None where the key can't be read: whoever may not have it asks Ansible anew each time."""
    try:
        key = site_key(site.state)
    except StoreError:
        return None
    return CacheFolder(
        site.state / "cache", hmac.new(key, b"wardround inventory cache", hashlib.sha256).digest()
    )
