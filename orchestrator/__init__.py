"""Wardround: runbook automation for a hospital's IT department."""
