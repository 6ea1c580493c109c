"""Lists, search, the feed and what they are built from."""
