"""The developers' pages: how to send, a sandbox to try it in, and what became of what was sent."""
