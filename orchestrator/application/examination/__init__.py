"""What `doctor` looks at, one noun a module. Each function yields what it found, and changes nothing."""
