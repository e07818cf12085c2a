"""YAML to model: strict loading, all errors at once, JSON Schema, lint."""

import os

# pydantic would look through everything that is installed for plugins of its own: 20 ms of each command, and
# a foreign package could change what a document means.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
