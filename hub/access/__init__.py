"""Who may ask: API keys of portal frontends, one-time passwords and sessions of admins, and the audit."""
