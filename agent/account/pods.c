/* SPDX-License-Identifier: Apache-2.0 */
#include "pods.h"

#include "arena.h"
#include "cleanup.h"
#include "json.h"
#include "table.h"

#include <errno.h>

#define BYTES_MAX (16u * 1024 * 1024)
#define UID_MAX 64
#define CRONJOB_DIGITS 8 /* its jobs are called NAME-MINUTES, minutes since 1970 */

struct pod_fact {
	const char *name;
	struct slice value;
};

struct pod_container {
	struct slice id, name, image;
};

struct pod {
	struct pod_fact *facts;
	size_t n_facts;
	struct pod_container *containers;
	size_t n_containers;
};

struct pods {
	struct arena arena;
	struct table by_uid;
};

/* A copy of a string that is there and not empty; else absent. */
static struct slice copy(struct arena *a, struct json_val v)
{
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(64 * 1024);

	if (json_str(v, &text) || !text.len)
		return SLICE_NONE;
	return arena_copy(a, buf_slice(&text));
}

static void add_fact(struct arena *a, struct pod *p, const char *name, struct slice value)
{
	struct pod_fact *f =
		name && value.data ? arena_push(a, &p->facts, &p->n_facts, sizeof(*f)) : NULL;

	if (f)
		*f = (struct pod_fact){ name, value };
}

static void add_labels(struct arena *a, struct pod *p, struct json_val labels)
{
	size_t n = 0;

	for (struct json_val v = json_first(labels); v.doc && n < POD_LABELS_MAX;
	     v = json_next(v), n++) {
		struct slice key = json_key(v);
		char name[320];

		/* Keys of labels are ASCII without anything to escape. */
		if (snprintf(name, sizeof(name), "k8s.pod.label.%.*s", SLICE_FMT(key)) <
		    (int)sizeof(name))
			add_fact(a, p, arena_copy(a, slice_from(name)).data, copy(a, v));
	}
}

/* The name in front of "-TAIL"; absent when it does not end so. */
static struct slice without_tail(struct arena *a, struct slice name, struct slice tail)
{
	size_t len = tail.len + 1;

	if (!tail.len || name.len <= len || !slice_ends(name, tail) ||
	    name.data[name.len - len] != '-')
		return SLICE_NONE;
	return arena_copy(a, slice_sub(name, 0, name.len - len));
}

static struct slice digits_at_end(struct slice name)
{
	size_t n = 0;

	while (n < name.len && name.data[name.len - n - 1] >= '0' &&
	       name.data[name.len - n - 1] <= '9')
		n++;
	return n >= CRONJOB_DIGITS ? slice_sub(name, name.len - n, n) : SLICE_NONE;
}

static void add_owner(struct arena *a, struct pod *p, struct json_val owner, struct json_val labels)
{
	static const struct {
		const char *kind, *fact;
	} kinds[] = {
		{ "ReplicaSet", "k8s.replicaset.name" }, { "StatefulSet", "k8s.statefulset.name" },
		{ "DaemonSet", "k8s.daemonset.name" },	 { "Job", "k8s.job.name" },
		{ "CronJob", "k8s.cronjob.name" },
	};
	struct slice name = copy(a, json_get(owner, "name"));

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (json_is(json_get(owner, "kind"), kinds[i].kind))
			add_fact(a, p, kinds[i].fact, name);
	/* Who owns the owner is not asked for: it stands in the name. */
	if (json_is(json_get(owner, "kind"), "ReplicaSet"))
		add_fact(a, p, "k8s.deployment.name",
			 without_tail(a, name, json_raw(json_get(labels, "pod-template-hash"))));
	if (json_is(json_get(owner, "kind"), "Job"))
		add_fact(a, p, "k8s.cronjob.name", without_tail(a, name, digits_at_end(name)));
}

static void add_containers(struct arena *a, struct pod *p, struct json_val statuses)
{
	for (struct json_val v = json_first(statuses); v.doc; v = json_next(v)) {
		struct slice id = copy(a, json_get(v, "containerID")); /* "containerd://ID" */
		struct pod_container *c;
		ssize_t at = slice_find(id, SLICE("://"));

		if (at < 0)
			continue;
		c = arena_push(a, &p->containers, &p->n_containers, sizeof(*c));
		if (!c)
			return;
		c->id = slice_sub(id, (size_t)at + 3, id.len);
		c->name = copy(a, json_get(v, "name"));
		c->image = copy(a, json_get(v, "image"));
	}
}

static int add_pod(struct pods *pods, struct json_val item)
{
	static const char *const lists[] = { "containerStatuses", "initContainerStatuses",
					     "ephemeralContainerStatuses" };
	struct json_val meta = json_get(item, "metadata"), labels = json_get(meta, "labels");
	struct arena *a = &pods->arena;
	struct slice uid = copy(a, json_get(meta, "uid"));
	struct pod *p;
	int r;

	if (!uid.data || uid.len > UID_MAX)
		return 0;
	p = arena_alloc(a, sizeof(*p));
	if (!p)
		return -ENOMEM;
	add_fact(a, p, "k8s.pod.name", copy(a, json_get(meta, "name")));
	add_fact(a, p, "k8s.namespace.name", copy(a, json_get(meta, "namespace")));
	add_fact(a, p, "k8s.node.name", copy(a, json_path(item, "spec.nodeName")));
	for (struct json_val v = json_first(json_get(meta, "ownerReferences")); v.doc;
	     v = json_next(v)) {
		bool controls = false;

		if (!json_bool(json_get(v, "controller"), &controls) && controls)
			add_owner(a, p, v, labels);
	}
	add_labels(a, p, labels);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		add_containers(a, p, json_get(json_get(item, "status"), lists[i]));
	r = table_add(&pods->by_uid, uid.data, uid.len, p);
	return r == -ENOMEM ? r : 0;
}

/* Items of a list have no kind of their own. */
static int read_list(struct pods *pods, const struct json *doc)
{
	struct json_val root = json_root(doc), items = json_get(root, "items");
	int r = 0;

	if (json_truncated(doc) || !json_is(json_get(root, "kind"), "PodList"))
		return -EBADMSG;
	if (json_type(items) != JSON_ARRAY)
		return json_type(items) == JSON_NULL ? 0 : -EBADMSG; /* Go's empty list */
	for (struct json_val v = json_first(items); !r && v.doc; v = json_next(v))
		r = add_pod(pods, v);
	return pods->arena.failed ? -ENOMEM : r;
}

int pods_new(struct pods **ret, struct slice json)
{
	struct pods *p = calloc(1, sizeof(*p));
	struct json doc;
	int r;

	if (!p)
		return -ENOMEM;
	arena_init(&p->arena, BYTES_MAX);
	table_init(&p->by_uid, PODS_MAX);
	json_init(&doc);
	r = json_parse(&doc, json);
	if (!r)
		r = read_list(p, &doc);
	json_release(&doc);
	if (r) {
		pods_free(p);
		return r == -ENOBUFS ? -EBADMSG : r;
	}
	*ret = p;
	return 0;
}

void pods_free(struct pods *p)
{
	if (!p)
		return;
	table_release(&p->by_uid, NULL);
	arena_release(&p->arena);
	free(p);
}

size_t pods_count(const struct pods *p)
{
	return p->by_uid.count;
}

bool pods_apply(const struct pods *p, struct process *to)
{
	struct slice uid = slice_from(process_fact(to, "k8s.pod.uid"));
	const struct pod *pod = uid.data ? table_get(&p->by_uid, uid.data, uid.len) : NULL;
	struct slice id = slice_from(to->container_id);

	if (!pod)
		return false;
	for (size_t i = 0; i < pod->n_containers; i++) {
		const struct pod_container *c = &pod->containers[i];

		if (!id.len || !slice_eq(c->id, id))
			continue;
		process_set_fact(to, "k8s.container.name", c->name);
		process_set_fact(to, "container.image.name", c->image);
	}
	for (size_t i = 0; i < pod->n_facts; i++)
		process_set_fact(to, pod->facts[i].name, pod->facts[i].value);
	return true;
}
