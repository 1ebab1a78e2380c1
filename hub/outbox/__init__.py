"""What goes out to others, whatever the channel: rows that are tried until they arrive, each destination by itself."""
