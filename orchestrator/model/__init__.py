"""Frozen values that flow from documents to reports. No I/O."""
