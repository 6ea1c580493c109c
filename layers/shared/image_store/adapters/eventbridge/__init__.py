"""Events on EventBridge."""
