"""One Protocol a plugin kind, and the registry that finds them by entry point."""
