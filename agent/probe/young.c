/* SPDX-License-Identifier: Apache-2.0 */
#include "young.h"

void young_begins(struct young *y, uint32_t tgid, uint64_t now_ns)
{
	young_ends(y, tgid);
	y->of[y->next].tgid = tgid;
	y->of[y->next].until_ns = now_ns + YOUNG_NS;
	y->next = (y->next + 1) % YOUNG_MAX;
}

void young_ends(struct young *y, uint32_t tgid)
{
	for (unsigned i = 0; i < YOUNG_MAX; i++)
		if (y->of[i].tgid == tgid)
			y->of[i].tgid = 0;
}

bool young_any(const struct young *y, uint64_t now_ns)
{
	for (unsigned i = 0; i < YOUNG_MAX; i++)
		if (y->of[i].tgid && now_ns < y->of[i].until_ns)
			return true;
	return false;
}
