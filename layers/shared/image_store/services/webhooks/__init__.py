"""Manages webhooks, and sends events to them."""
