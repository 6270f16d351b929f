# SPDX-License-Identifier: Apache-2.0
"""Statements over the official clients of databases; connections stay open, as in a pool."""
CONNECTIONS = {}


def connect(to, port):
    """port: a path for those of the machine's own sockets."""
    if to == "redis-unix":
        import redis
        return redis.Redis(unix_socket_path=port)
    if to == "redis":
        import redis
        return redis.Redis(port=port)
    if to == "mysql-unix":
        import pymysql
        return pymysql.connect(unix_socket=port, user="tester", password="secret-password")
    if to == "mysql":
        import pymysql
        return pymysql.connect(host="127.0.0.1", port=port, user="tester", password="secret-password")
    import psycopg
    if to == "postgres-unix":
        where, number = port.rsplit("/.s.PGSQL.", 1)
        return psycopg.connect(host=where, port=number, user="postgres", autocommit=True, prepare_threshold=2)
    return psycopg.connect(host="127.0.0.1", port=port, user="postgres", autocommit=True, prepare_threshold=2,
                           sslmode="require" if to == "postgres-tls" else "disable")


def run(to, port, statements, values=()):
    """What each of them gave, or the class of its error."""
    if (to, port) not in CONNECTIONS:
        CONNECTIONS[to, port] = connect(to, port)
    c, done = CONNECTIONS[to, port], []
    for statement in statements:
        try:
            if to.startswith("redis"):
                done.append(c.execute_command(*statement.split()))
                continue
            with c.cursor() as cursor:
                cursor.execute(statement, values or None)
                done.append(cursor.rowcount)
        except Exception as e:
            done.append(type(e).__name__)
    return done
