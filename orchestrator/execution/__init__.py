"""Walks a permitted plan and yields outcomes."""
