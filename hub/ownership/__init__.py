"""Whose dossier it is: proving that it is one's own, and seeing all of it then."""
