/* SPDX-License-Identifier: Apache-2.0 */
/* Why nothing was read: a row for each reason. */
#include "explain.h"

#include "cleanup.h"
#include "test.h"

#include <errno.h>

/* Of observed.c, which needs the kernel. */
struct process *observed_process(struct observed *o)
{
	return o->process;
}

#define SINCE UINT64_C(5000000000)
#define NOBODY 0x7fffffff /* no process has this number */

static void check(struct observed *o, const char *start, const char *part, bool remedy)
{
	struct probe_reason r = { 0 };

	o->tgid = NOBODY;
	explain_unread(o, SINCE, &r);
	CHECK(!strncmp(r.text, start, strlen(start)));
	CHECK(strstr(r.text, part));
	CHECK(!r.remedy == !remedy);
}

TEST(reasons)
{
	struct process process = { .exe = (char *)"/opt/agent" };
	struct targets asked = { .java = true }, unasked = { 0 };
	struct target jvm = { .owner = &unasked,
			      .path = (char *)"/lib/libjvm.so",
			      .findings = { .n = 1, .finding = { { .stack = STACK_JAVA } } } };
	struct target tapped = jvm;
	struct target located = { .path = (char *)"/lib/libssl.so",
				  .findings = { .n = 1, .finding = { { .points.n = 1 } } } };
	struct target blind = {
		.path = (char *)"/opt/agent",
		.findings = { .n = 1,
			      .finding = { { .stack = STACK_AWSLC, .note = "not told apart" } } }
	};
	struct target searched = { .scanning = true };
	struct observed left_out = { .process = &process, .left_out = true };
	struct observed nothing = { .process = &process };
	struct observed unlocated = { .process = &process,
				      .n = 1,
				      .attachments = { { .target = &blind } } };
	struct observed first = { .process = &process, .searched = &searched };
	struct observed late = { .process = &process,
				 .n = 1,
				 .attachments = {
					 { .target = &located, .attached_ns = SINCE + 7000000 } } };
	struct observed java = { .process = &process,
				 .n = 1,
				 .attachments = { { .target = &jvm } } };
	struct observed refused_java = java, tapped_java = java;
	struct observed other = late, ended = late, refused = late, broken = late;

	other.attachments[0].attached_ns = SINCE - 1;
	ended.attachments[0].attached_ns = 0;
	refused.attachments[0].errors[0] = -EPERM;
	broken.attachments[0].errors[0] = -EINVAL;
	check(&left_out, "filtered by the user", "", false);
	check(&nothing, "no locator for /opt/agent", "no TLS library", true);
	check(&unlocated, "no locator for /opt/agent", "AWS-LC AEAD: not told apart", true);
	check(&first, "attached too late", "first time", true);
	check(&late, "attached too late", "7 ms", true);
	check(&ended, "attached too late", "ended before", true);
	check(&other, "no locator for /opt/agent", "did not carry", true);
	check(&refused, "no privilege", "/lib/libssl.so", true);
	check(&java, "no locator for Java's own TLS", "--java-attach", true);
	tapped.owner = &asked;
	refused_java.attachments[0].target = tapped_java.attachments[0].target = &tapped;
	snprintf(refused_java.java_problem, sizeof(refused_java.java_problem), "java -Xrs");
	check(&refused_java, "no locator for Java's own TLS", "java -Xrs", true);
	check(&tapped_java, "no locator for /opt/agent", "no TLS library", true);
	check(&broken, "probes could not be attached", "Invalid argument", true);
	/* Searched meanwhile, and nothing is in it. */
	searched.scanning = false;
	check(&first, "no locator for /opt/agent", "no TLS library", true);
}
