"""Settings, secrets, and the province's own data: agencies, documents. Imports contracts only."""
