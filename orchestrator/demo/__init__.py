"""A small hospital on loopback: the stage for a first look and for tests. The product never depends on it."""
