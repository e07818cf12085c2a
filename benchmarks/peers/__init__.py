"""What the peers run: each file is started by the benchmark in the peers' own environment."""
