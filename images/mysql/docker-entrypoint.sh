#!/bin/bash
# Starts mysqld on the prepared data directory. Speaks the official image's convention, so that one harness serves both:
# MYSQL_ROOT_PASSWORD sets root's password for every host at the first start; arguments that begin with - go to mysqld.
# The first start also fits a data directory that a volume brought empty: it is then initialised here.
set -eu
if [ "${1:0:1}" = "-" ]; then set -- mysqld "$@"; fi
if [ "$1" = "mysqld" ]; then
  datadir=/var/lib/mysql
  if [ ! -d "$datadir/mysql" ]; then
    chown mysql:mysql "$datadir"
    mysqld --initialize-insecure
  fi
  if [ ! -e "$datadir/meshbench-initialised" ]; then
    : "${MYSQL_ROOT_PASSWORD:?set MYSQL_ROOT_PASSWORD, the password of root@%}"
    init=/run/mysqld/init.sql
    install -m 600 -o mysql -g mysql /dev/null "$init"
    cat > "$init" <<SQL
SET SESSION sql_log_bin = 0;
ALTER USER root@localhost IDENTIFIED BY '${MYSQL_ROOT_PASSWORD//\'/\'\'}';
CREATE USER root@'%' IDENTIFIED BY '${MYSQL_ROOT_PASSWORD//\'/\'\'}';
GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
SQL
    touch "$datadir/meshbench-initialised"
    sync "$datadir/meshbench-initialised" # a crash of the machine would make the next start a first one again
    shift
    exec mysqld "$@" --init-file="$init"
  fi
fi
exec "$@"
