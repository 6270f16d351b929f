/* SPDX-License-Identifier: Apache-2.0 */
/* What the API server's and a kubelet's list of pods say of a process. */
#include "pods.h"
#include "cleanup.h"
#include "buf.h"
#include "test.h"

#include <errno.h>

#define UID1 "11111111-2222-3333-4444-555555555555"
#define ID1 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "f123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LIST(items) "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"items\":[" items "]}"
#define POD(owner, labels)                                                                         \
	"{\"metadata\":{\"name\":\"web-1\",\"namespace\":\"shop\",\"uid\":\"" UID1                 \
	"\",\"labels\":{" labels "},\"ownerReferences\":[" owner "]},"                             \
	"\"spec\":{\"nodeName\":\"node-a\"},\"status\":{\"containerStatuses\":["                   \
	"{\"name\":\"side\",\"containerID\":\"containerd://" ID2 "\",\"image\":\"side:2\"},"       \
	"{\"name\":\"app\",\"containerID\":\"containerd://" ID1                                    \
	"\",\"image\":\"example/app:1\"},{\"name\":\"not yet\"}],"                                 \
	"\"initContainerStatuses\":null}}"
#define OWNER(kind, name, controls)                                                                \
	"{\"kind\":\"" kind "\",\"name\":\"" name "\",\"controller\":" controls "}"

static struct process *process_in(const char *uid, const char *container)
{
	struct process *p = NULL;

	CHECK_INT(process_new(&p), 0);
	process_set_fact(p, "k8s.pod.uid", slice_from(uid));
	process_set_fact(p, "k8s.pod.name", SLICE("host-name"));
	p->container_id = container ? strdup(container) : NULL;
	return p;
}

TEST(pods_of_a_list)
{
	static const struct {
		const char *name, *json, *fact, *want;
	} rows[] = {
		{ "name", LIST(POD("", "")), "k8s.pod.name", "web-1" },
		{ "namespace", LIST(POD("", "")), "k8s.namespace.name", "shop" },
		{ "node", LIST(POD("", "")), "k8s.node.name", "node-a" },
		{ "container", LIST(POD("", "")), "k8s.container.name", "app" },
		{ "image", LIST(POD("", "")), "container.image.name", "example/app:1" },
		{ "label", LIST(POD("", "\"app.kubernetes.io/name\":\"web\"")),
		  "k8s.pod.label.app.kubernetes.io/name", "web" },
		{ "empty label", LIST(POD("", "\"a\":\"\"")), "k8s.pod.label.a", NULL },
		{ "replica set", LIST(POD(OWNER("ReplicaSet", "web-5d8f", "true"), "")),
		  "k8s.replicaset.name", "web-5d8f" },
		{ "deployment",
		  LIST(POD(OWNER("ReplicaSet", "web-5d8f", "true"),
			   "\"pod-template-hash\":\"5d8f\"")),
		  "k8s.deployment.name", "web" },
		{ "a replica set of nobody", LIST(POD(OWNER("ReplicaSet", "web-5d8f", "true"), "")),
		  "k8s.deployment.name", NULL },
		{ "another hash",
		  LIST(POD(OWNER("ReplicaSet", "web-5d8f", "true"),
			   "\"pod-template-hash\":\"d8f\"")),
		  "k8s.deployment.name", NULL },
		{ "nothing but a hash",
		  LIST(POD(OWNER("ReplicaSet", "-5d8f", "true"), "\"pod-template-hash\":\"5d8f\"")),
		  "k8s.deployment.name", NULL },
		{ "stateful set", LIST(POD(OWNER("StatefulSet", "db", "true"), "")),
		  "k8s.statefulset.name", "db" },
		{ "daemon set", LIST(POD(OWNER("DaemonSet", "d", "true"), "")),
		  "k8s.daemonset.name", "d" },
		{ "job", LIST(POD(OWNER("Job", "backup-29000000", "true"), "")), "k8s.job.name",
		  "backup-29000000" },
		{ "cron job", LIST(POD(OWNER("Job", "backup-29000000", "true"), "")),
		  "k8s.cronjob.name", "backup" },
		{ "a job called like a version", LIST(POD(OWNER("Job", "backup-2", "true"), "")),
		  "k8s.cronjob.name", NULL },
		{ "an owner that does not control", LIST(POD(OWNER("Job", "j", "false"), "")),
		  "k8s.job.name", NULL },
		{ "another kind", LIST(POD(OWNER("Workflow", "w", "true"), "")), "k8s.job.name",
		  NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct process *p = process_in(UID1, ID1);
		struct pods *pods = NULL;

		test_row("%s", rows[i].name);
		CHECK_INT(pods_new(&pods, slice_from(rows[i].json)), 0);
		CHECK_INT(pods_count(pods), 1);
		CHECK(pods_apply(pods, p));
		CHECK_STR(slice_from(process_fact(p, rows[i].fact)), rows[i].want);
		pods_free(pods);
		process_unref(p);
	}
	test_row(NULL);
}

TEST(pods_that_are_not_in_the_list)
{
	struct process *other = process_in("99999999-2222-3333-4444-555555555555", ID1);
	struct process *none = process_in(NULL, ID1), *sandbox = process_in(UID1, NULL);
	struct pods *pods = NULL;

	CHECK_INT(pods_new(&pods, SLICE(LIST(POD("", "")))), 0);
	CHECK(!pods_apply(pods, other));
	CHECK_STR(slice_from(process_fact(other, "k8s.pod.name")), "host-name");
	CHECK(!pods_apply(pods, none));
	/* Of no container that has a status: the pod's alone. */
	CHECK(pods_apply(pods, sandbox));
	CHECK_STR(slice_from(process_fact(sandbox, "k8s.pod.name")), "web-1");
	CHECK(!process_fact(sandbox, "k8s.container.name"));
	pods_free(pods);
	process_unref(other);
	process_unref(none);
	process_unref(sandbox);
}

TEST(pods_refuses_what_is_no_list)
{
	static const char *const rows[] = {
		"",
		"Forbidden",
		"[]",
		"{}",
		"{\"kind\":\"PodList\"}",
		"{\"kind\":\"PodList\",\"items\":{}}",
		"{\"kind\":\"Status\",\"status\":\"Failure\",\"code\":403}",
		"{\"kind\":\"PodList\",\"items\":[{\"metadata\":{\"uid\":\"a\"}},", /* cut off */
	};
	static const char *const empty[] = { "{\"kind\":\"PodList\",\"items\":null}", LIST(""),
					     LIST("{}"), LIST("7, null, []"),
					     LIST("{\"metadata\":{\"uid\":7}}") };
	struct pods *pods = NULL;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_row("%s", rows[i]);
		CHECK_INT(pods_new(&pods, slice_from(rows[i])), -EBADMSG);
	}
	for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
		test_row("%s", empty[i]);
		CHECK_INT(pods_new(&pods, slice_from(empty[i])), 0);
		CHECK_INT(pods_count(pods), 0);
		pods_free(pods);
	}
	test_row(NULL);
}

TEST(pods_have_ceilings)
{
	_cleanup_(buf_cleanup) struct buf json = BUF_INIT(8 << 20);
	struct process *p = process_in("u5000", NULL);
	struct pods *pods = NULL;
	size_t labels = 0;

	buf_add_str(&json, "{\"kind\":\"PodList\",\"items\":[");
	for (int i = 0; i < PODS_MAX + 10; i++)
		buf_printf(&json, "%s{\"metadata\":{\"uid\":\"u%d\"}}", i ? "," : "", i);
	buf_add_str(&json, "]}");
	CHECK_INT(pods_new(&pods, buf_slice(&json)), 0);
	CHECK_INT(pods_count(pods), PODS_MAX);
	CHECK(!pods_apply(pods, p));
	pods_free(pods);
	buf_reset(&json, 8 << 20);
	buf_add_str(&json, "{\"kind\":\"PodList\",\"items\":[{\"metadata\":{\"uid\":\"u5000\","
			   "\"labels\":{");
	for (int i = 0; i < 1000; i++)
		buf_printf(&json, "%s\"l%d\":\"v\"", i ? "," : "", i);
	buf_add_str(&json, "}}}]}");
	CHECK_INT(pods_new(&pods, buf_slice(&json)), 0);
	CHECK(pods_apply(pods, p));
	for (size_t i = 0; i < p->n_facts; i++)
		labels += slice_starts(slice_from(p->facts[i].name), SLICE("k8s.pod.label."));
	CHECK_INT(labels, POD_LABELS_MAX);
	pods_free(pods);
	process_unref(p);
}

TEST(pods_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		struct process *p = NULL;
		struct pods *pods = NULL;
		int r = pods_new(&pods, SLICE(LIST(POD(OWNER("Job", "backup-29000000", "true"),
						       "\"a\":\"b\""))));

		CHECK(!r || r == -ENOMEM);
		if (!r && !process_new(&p)) {
			process_set_fact(p, "k8s.pod.uid", SLICE(UID1));
			pods_apply(pods, p);
			process_unref(p);
		}
		pods_free(pods);
	}
}
