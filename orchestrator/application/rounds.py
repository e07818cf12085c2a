"""Running an inspection round, from a name to its record."""
