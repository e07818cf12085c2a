"""What runs cost, beside what a user would pick instead."""
