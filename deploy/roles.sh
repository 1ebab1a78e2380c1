#!/bin/sh
# Makes the role that the hub works as, beside the owner's, when the database is new; see docs/operate.md.
set -eu
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set=ON_ERROR_STOP=1 --set=password="$HUB_DB_PASSWORD" <<'SQL'
CREATE ROLE hub LOGIN PASSWORD :'password';
SQL
