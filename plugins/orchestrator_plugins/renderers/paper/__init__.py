"""What the printed report says, section by section: everything worded, nothing left to the typesetter."""
