"""The one-command local stack: the real template in an emulator on loopback. Never part of an artefact."""
