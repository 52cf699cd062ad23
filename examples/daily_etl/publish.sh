#!/bin/sh
# Tells the readers of the tables that there is something new. The password is
# in the environment, and what is printed of it is masked.
set -e
psql -c "NOTIFY orders_published"
echo "published"
