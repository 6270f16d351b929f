/* SPDX-License-Identifier: Apache-2.0 */
/* Header values of a request, one a line, judged; dashboards as JSON. */
#include "assets.h"
#include "boards.h"
#include "cleanup.h"
#include "guard.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data, size }, lines[6];
	struct guard g = { .token = SLICE("0123456789abcdef"), .cookie = SLICE("c") };
	struct guard_request r;

	board_problem(rest);
	asset_accepted(rest);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		lines[i] = slice_cut(&rest, '\n');
	r = (struct guard_request){ lines[0], lines[1], lines[2], lines[3],
				    lines[4], lines[5], size & 1 };
	/* Nobody gets in who does not know the secret. */
	if (guard_judge(&g, &r) <= GUARD_FRESH &&
	    slice_find((struct slice){ (const char *)data, size }, g.token) < 0)
		abort();
	return 0;
}
