"""The use cases, one module each. They know ports and the domain, and no vendor."""
