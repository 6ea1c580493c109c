"""Webhooks, their deliveries and their turns as rows of the table."""
