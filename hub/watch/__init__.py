"""Which dossiers are worth asking their agency about now: those that will be looked at, and may have changed."""
