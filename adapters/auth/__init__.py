"""Who we are to an agency's system: credentials that stay, and tokens that are renewed."""
