"""Documents and inventory to a Plan with its digest. Pure."""
