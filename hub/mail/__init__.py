"""Mail: one of the outbox's channels. Addresses are personal data: sealed in the table, and in no log."""
