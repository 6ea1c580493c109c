"""What operators see: health, statistics, audit, metrics."""
