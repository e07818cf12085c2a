"""The plugins that ship with the product, found by entry point like anybody's."""
