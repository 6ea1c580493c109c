"""The store and the token of a command: options, environment, profiles, the local stack."""
