"""How a list goes on from page to page."""
