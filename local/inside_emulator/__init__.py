"""The emulator's own process: MiniStack, hosted with the few things added that the stack needs and it lacks.

Runs in ``.venv-ministack``, so these modules use the standard library and MiniStack alone. MiniStack is
imported by name, inside functions: the environment that checks and tests this code does not have it.
"""
