"""What happened in the store, for apps that keep rows of their own about it."""
