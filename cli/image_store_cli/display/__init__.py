"""What the user sees: lines, tables, progress, JSON."""
