/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "db.h"
#include "fuzz.h"

static bool within(struct slice part, struct slice whole)
{
	return !part.len ||
	       (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

/* What is lent is of the input; a shape of a shape is the same. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct slice data = { (const char *)bytes, size };
	_cleanup_(buf_cleanup) struct buf shape = BUF_INIT(1 << 22);
	_cleanup_(buf_cleanup) struct buf again = BUF_INIT(1 << 22);
	_cleanup_(buf_cleanup) struct buf summary = BUF_INIT(1 << 22);
	struct db_request request;
	struct db_response answer;
	struct slice sql = data;

	if (!db_request_read(data, DB_NONE, &request)) {
		REQUIRE(request.system && db_system_name(request.system));
		REQUIRE(within(request.text, data) && within(request.name, data));
		sql = request.text;
	}
	for (int system = DB_POSTGRESQL; system <= DB_REDIS; system++)
		if (!db_response_read(system, size & 1, data, &answer))
			REQUIRE(within(answer.code, data));
	sql_shape(sql, size & 1 ? DB_MYSQL : DB_POSTGRESQL, &shape);
	sql_summary(buf_slice(&shape), &summary);
	REQUIRE(shape.len <= 2 * sql.len && summary.len <= shape.len + 1);
	sql_shape(buf_slice(&shape), DB_POSTGRESQL, &again);
	sql_summary(buf_slice(&again), &summary);
	return 0;
}
