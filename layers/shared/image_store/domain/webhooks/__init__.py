"""Webhooks: endpoints of apps that hear about events, and what was sent to them."""
