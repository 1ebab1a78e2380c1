"""Every call to an agency's system, kept for a while for whoever must find out what went wrong."""
