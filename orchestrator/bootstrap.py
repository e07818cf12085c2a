"""Wires the parts together with constructor arguments."""
