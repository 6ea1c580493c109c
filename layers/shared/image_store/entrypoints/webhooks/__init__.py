"""Messages and requests about webhooks."""
