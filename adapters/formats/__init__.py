"""Text as agencies write it, to plain values: charsets, JSON, XML, dates, and lists that are read as they come."""
