"""Records to documents for people."""
