"""The hub: the index of all dossiers, its API, the citizens' pages and the admin console."""
