"""Agencies' secrets in the database: written once, sealed, and never shown again."""
