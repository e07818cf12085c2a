"""Small checks of our own, so that these tests do not rest on the product's."""
