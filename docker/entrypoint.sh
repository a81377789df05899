#!/bin/sh
# Dagster takes the database's password from a variable: it comes from the secret's file, so that
# it stands neither in the compose file nor in what `docker inspect` shows.
set -eu
if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then
    POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
    export POSTGRES_PASSWORD
fi
exec "$@"
