"""The sample estate: stand-ins of three agencies' systems, as such systems really are. A process of its own."""
