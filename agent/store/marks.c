/* SPDX-License-Identifier: Apache-2.0 */
#include "marks.h"

#include <errno.h>

#define KEY_MAX 1100

int marks_prepare(struct marks *m, sqlite3 *db)
{
	int r = db_prepare(db,
			   SLICE("SELECT after FROM marks WHERE kind=?1 AND subject=?2"
				 " ORDER BY time_ns DESC LIMIT 1"),
			   &m->latest);

	table_init(&m->known, MARKS_SUBJECTS_MAX);
	if (r)
		return r;
	return db_prepare(db,
			  SLICE("INSERT OR IGNORE INTO marks SELECT ?1,?2,?3,?4,?5"
				" WHERE (SELECT count(*) FROM marks)<?6"),
			  &m->insert);
}

void marks_reset(struct marks *m)
{
	table_release(&m->known, NULL);
}

void marks_release(struct marks *m)
{
	sqlite3_finalize(m->latest);
	sqlite3_finalize(m->insert);
	table_release(&m->known, NULL);
}

static int insert(struct marks *m, const struct row *r, struct slice before, struct slice after)
{
	sqlite3_bind_int64(m->insert, 3, r->values[F_START]);
	db_bind_text(m->insert, 4, before);
	db_bind_text(m->insert, 5, after);
	sqlite3_bind_int64(m->insert, 6, MARKS_ROWS_MAX);
	return db_run(m->insert);
}

/* The table does not know what the subject was: ask the database. */
static int compare(struct marks *m, const struct row *r, struct slice after)
{
	int rc = sqlite3_step(m->latest), e = 0;
	struct slice before = rc == SQLITE_ROW ? db_text(m->latest, 0) : SLICE_NONE;

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		e = db_errno(rc);
	if (!e && !(before.data && slice_eq(before, after)))
		e = insert(m, r, before, after);
	sqlite3_reset(m->latest);
	return e;
}

static int add(struct marks *m, const struct row *r, struct slice kind, struct slice subject,
	       struct slice value)
{
	uintptr_t hash = (uintptr_t)slice_hash(SLICE_HASH, value) | 1, known;
	sqlite3_stmt *both[] = { m->latest, m->insert };
	char key[KEY_MAX];
	int len, e;

	if (!subject.data || !value.data)
		return 0;
	len = snprintf(key, sizeof(key), "%.*s\n%.*s", SLICE_FMT(kind), SLICE_FMT(subject));
	if (len < 0 || (size_t)len >= sizeof(key))
		return 0;
	known = (uintptr_t)table_get(&m->known, key, (size_t)len);
	if (known == hash)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(both); i++) {
		db_bind_text(both[i], 1, kind);
		db_bind_text(both[i], 2, subject);
	}
	e = compare(m, r, value);
	if (e)
		return e;
	table_take(&m->known, key, (size_t)len);
	if (m->known.count >= m->known.max)
		table_take_oldest(&m->known);
	table_add(&m->known, key, (size_t)len, (void *)hash);
	return 0;
}

int marks_add(struct marks *m, const struct row *r)
{
	int e = add(m, r, SLICE("price"), r->words[F_PMODEL], r->words[F_PRICE_DATE]);

	return e ? e : add(m, r, SLICE("version"), r->words[F_AGENT], r->version);
}
