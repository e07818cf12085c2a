"""Wardround beside the tools that a user would pick instead: one run, the same hosts, the same checks."""
