"""Records events and reads them."""
