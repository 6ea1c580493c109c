"""The emulator's process: MiniStack, with additions that the stack needs.

It runs in ``.venv-ministack``, so these modules use only the standard library and MiniStack. Functions import MiniStack
by name, because the environment that checks and tests this code does not have it.
"""
