"""The change feed: every change of every dossier, in one order, from any place on; nothing is skipped."""
