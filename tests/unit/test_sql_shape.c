/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "db.h"
#include "test.h"

#define SECRET "5ecre7"

static const struct {
	const char *sql, *shape, *summary;
	enum db_system system;
} rows[] = {
	{ "select id, name from users where name = '" SECRET "' and age > 41",
	  "select id, name from users where name = ? and age > ?", "SELECT users", DB_POSTGRESQL },
	{ "SELECT  *\n\tFROM \"my table\" -- " SECRET "\nWHERE x=$1",
	  "SELECT * FROM \"my table\" WHERE x=$1", "SELECT \"my table\"", DB_POSTGRESQL },
	{ "INSERT INTO app.orders (a, b) VALUES (1, 'x'), (2, '" SECRET "')",
	  "INSERT INTO app.orders (a, b) VALUES (?), (?)", "INSERT app.orders", DB_POSTGRESQL },
	{ "UPDATE t SET p = E'it\\'s " SECRET "' WHERE q IN (1,2, 3)",
	  "UPDATE t SET p = E? WHERE q IN (?)", "UPDATE t", DB_POSTGRESQL },
	{ "update `a b` set x = 'it''s " SECRET "'", "update `a b` set x = ?", "UPDATE `a b`",
	  DB_MYSQL },
	{ "DELETE FROM ONLY logs", "DELETE FROM ONLY logs", "DELETE logs", DB_POSTGRESQL },
	{ "select * from a join b using (id) /* " SECRET " */ where k = $tag$" SECRET "$tag$",
	  "select * from a join b using (id) where k = ?", "SELECT a b", DB_POSTGRESQL },
	{ "do $$ begin perform '" SECRET "'; end $$", "do ?", "DO", DB_POSTGRESQL },
	{ "SELECT 1.5e-3, 0xff, -7", "SELECT ?, -?", "SELECT", DB_POSTGRESQL },
	{ "SELECT x1, y2z FROM t3", "SELECT x1, y2z FROM t3", "SELECT t3", DB_POSTGRESQL },
	{ "CREATE TABLE IF NOT EXISTS k (v text)", "CREATE TABLE IF NOT EXISTS k (v text)",
	  "CREATE k", DB_POSTGRESQL },
	{ "SELECT * FROM (SELECT 1 FROM inner_t) q", "SELECT * FROM (SELECT ? FROM inner_t) q",
	  "SELECT inner_t", DB_POSTGRESQL },
	{ "BEGIN", "BEGIN", "BEGIN", DB_POSTGRESQL },
	{ "SELECT 'cut off " SECRET, "SELECT ?", "SELECT", DB_POSTGRESQL },
	{ "SELECT $x$cut " SECRET, "SELECT ?", "SELECT", DB_POSTGRESQL },
	{ "SELECT 1 /* cut " SECRET, "SELECT ?", "SELECT", DB_POSTGRESQL },
	{ "CREATE USER u PASSWORD '" SECRET "'", "CREATE USER u PASSWORD ?", "CREATE",
	  DB_POSTGRESQL },
	{ "", "", "", DB_POSTGRESQL },
	{ "select 'a\\', '" SECRET "'", "select ?", "SELECT", DB_POSTGRESQL },
	{ "select e'\\'" SECRET "' , data #> '{a}' from t", "select e? , data #> ? from t",
	  "SELECT t", DB_POSTGRESQL },
	{ "select * from `t` where a = \"" SECRET "\\\"" SECRET "\" # " SECRET,
	  "select * from `t` where a = ?", "SELECT `t`", DB_MYSQL },
	{ "select 'it\\'s " SECRET "'", "select ?", "SELECT", DB_MYSQL },
};

static void shape_of(size_t row, size_t len, struct buf *shape, struct buf *summary)
{
	sql_shape((struct slice){ rows[row].sql, len }, rows[row].system, shape);
	sql_summary(buf_slice(shape), summary);
}

TEST(sql_shapes)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].sql);

		/* Cut off anywhere, its values stay hidden. */
		for (size_t cut = 0; cut <= len; cut++) {
			_cleanup_(buf_cleanup) struct buf shape = BUF_INIT(4096);
			_cleanup_(buf_cleanup) struct buf summary = BUF_INIT(4096);

			test_row("%s, cut at %zu", rows[i].sql, cut);
			shape_of(i, cut, &shape, &summary);
			CHECK(slice_find(buf_slice(&shape), SLICE(SECRET)) < 0);
			CHECK(slice_find(buf_slice(&summary), SLICE(SECRET)) < 0);
			if (cut < len)
				continue;
			CHECK_STR(buf_slice(&shape), rows[i].shape);
			CHECK_STR(buf_slice(&summary), rows[i].summary);
		}
	}
	test_row(NULL);
}

TEST(sql_shape_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		_cleanup_(buf_cleanup) struct buf shape = BUF_INIT(4096);
		_cleanup_(buf_cleanup) struct buf summary = BUF_INIT(4096);

		shape_of(0, strlen(rows[0].sql), &shape, &summary);
	}
}
