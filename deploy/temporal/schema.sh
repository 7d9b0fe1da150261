#!/bin/sh
# Makes Temporal's two databases where they are missing, and brings their tables to the version of these tools. May be repeated. Where
# Temporal is upgraded, this runs first, one minor version after the other.
set -eu

SQL_PASSWORD="$(cat /run/secrets/postgres-password)"
export SQL_PASSWORD
schema="${TEMPORAL_SCHEMA:-/etc/temporal/schema/postgresql/v12}"

for database in temporal temporal_visibility; do
  tool() {
    temporal-sql-tool --plugin "$DB" --endpoint "$POSTGRES_SEEDS" --port "$DB_PORT" --user "$POSTGRES_USER" --database "$database" "$@"
  }
  tool create-database
  # Version 0.0 is the empty one: it only makes the table that says which version there is.
  tool setup-schema --version 0.0
  tool update-schema --schema-dir "$schema/${database#temporal_}/versioned"
done
