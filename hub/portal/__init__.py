"""The citizens' page: look up a dossier by its code."""
