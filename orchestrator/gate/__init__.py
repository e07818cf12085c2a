"""The only edge between a plan and a host."""
