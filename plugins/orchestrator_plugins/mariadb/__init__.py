"""What MariaDB and MySQL say in different words."""
