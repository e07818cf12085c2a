"""What the Linux checks know in common: how /proc, df, systemctl and logs are read."""
