"""How Redis checks ask a server: through redis-cli on its own host."""
