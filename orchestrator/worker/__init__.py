"""The one process that holds credentials and carries runs out."""
