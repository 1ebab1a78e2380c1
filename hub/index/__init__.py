"""The index of all dossiers: what agencies said, merged; one door in (`record`), answers out."""
