"""What becomes of dossiers when agencies merge, are split, or get another name."""
