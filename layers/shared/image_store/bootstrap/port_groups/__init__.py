"""Chooses the adapters of ports, by area; `ports` has the rest."""
