"""What operators see of the sync, and order it to do."""
