"""YAML to model: strict loading, all errors at once, JSON Schema, lint."""
