"""From an event to a service call and back: requests, answers, problems, logs."""
