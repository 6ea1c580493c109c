"""Generation over HTTP."""
