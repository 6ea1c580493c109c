"""The queues whose length the health of a store shows."""

DEPTHS = {
    "ingest": "IngestQueue",
    "ingest_dead_letters": "DeadLetterQueue",
    "work": "WorkQueue",
    "work_dead_letters": "WorkDeadLetterQueue",
    "projection_dead_letters": "ProjectionDeadLetterQueue",
    "audit_dead_letters": "AuditDeadLetterQueue",
    "generation": "GenerationQueue",
    "generation_dead_letters": "GenerationDeadLetterQueue",
    "delivery": "DeliveryQueue",
    "delivery_dead_letters": "DeliveryDeadLetterQueue",
}
"""By the name that health knows a queue by: its logical id."""
