"""From an agency's record to an observation: expressions, conversions, and what could not be understood."""
