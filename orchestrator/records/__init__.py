"""What happened, kept: a Django app."""
