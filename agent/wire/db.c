/* SPDX-License-Identifier: Apache-2.0 */
#include "db.h"

#include "cleanup.h"

#include <errno.h>

static const struct {
	const char *name;
	int (*request)(struct slice data, struct db_request *ret);
} systems[] = {
	[DB_POSTGRESQL] = { "postgresql", postgres_request },
	[DB_MYSQL] = { "mysql", mysql_request },
	[DB_REDIS] = { "redis", redis_request },
};

const char *db_system_name(enum db_system system)
{
	return (size_t)system < ARRAY_LEN(systems) ? systems[system].name : NULL;
}

int db_request_read(struct slice data, enum db_system known, struct db_request *ret)
{
	struct db_request found;

	for (size_t i = DB_POSTGRESQL; i < ARRAY_LEN(systems); i++) {
		if (known && known != (enum db_system)i)
			continue;
		found = (struct db_request){ .system = (enum db_system)i };
		if (systems[i].request(data, &found))
			continue;
		*ret = found;
		return 0;
	}
	return -EBADMSG;
}

int db_response_read(enum db_system system, bool prepare, struct slice data,
		     struct db_response *ret)
{
	struct db_response found = { 0 };
	int r = system == DB_POSTGRESQL ? postgres_response(data, &found)
		: system == DB_MYSQL	? mysql_response(data, prepare, &found)
		: system == DB_REDIS	? redis_response(data, &found)
					: -EBADMSG;

	if (!r)
		*ret = found;
	return r;
}
