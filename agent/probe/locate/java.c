/* SPDX-License-Identifier: Apache-2.0 */
#include "java.h"

#include "cleanup.h"

#include <errno.h>

enum { TAP_17, TAP_21, JVM };

static const char *const names[] = {
	[TAP_17] = "Java_sun_nio_ch_FileDispatcherImpl_pwrite0",
	[TAP_21] = "Java_sun_nio_ch_UnixFileDispatcherImpl_pwrite0",
	[JVM] = "JNI_CreateJavaVM",
	NULL,
};

static int by_symbols(const struct locate_input *in, struct finding *ret)
{
	int r = -ENOENT;

	for (int i = TAP_17; i <= TAP_21 && r; i++)
		if (in->symbols[i].vaddr)
			r = finding_add(ret, in->e, ROLE_JAVA_TAP, false, in->symbols[i].vaddr);
	if (!r)
		finding_note(ret, "a native method of its agent");
	else if (r != -ENOENT)
		finding_note(ret, "the kernel has no probe for how a native method begins");
	else if (in->symbols[JVM].vaddr)
		r = -ENOTSUP, finding_note(ret, JAVA_NOTE);
	return r;
}

const struct locator java_by_symbols = {
	.stack = STACK_JAVA,
	.symbols = names,
	.locate = by_symbols,
};
