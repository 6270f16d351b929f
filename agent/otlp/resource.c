/* SPDX-License-Identifier: Apache-2.0 */
#include "resource.h"

#include "cleanup.h"
#include "pairs.h"
#include "uuid.h"

#include <errno.h>

#define VALUE_MAX (64 * 1024)

/* The namespace that the semantic conventions give for service.instance.id:
 * 4d63009a-8d0f-11ee-aad7-4c796ed8e320. */
static const uint8_t instance_namespace[16] = { 0x4d, 0x63, 0x00, 0x9a, 0x8d, 0x0f, 0x11, 0xee,
						0xaa, 0xd7, 0x4c, 0x79, 0x6e, 0xd8, 0xe3, 0x20 };

static struct attr *find(const struct resource *r, struct slice key)
{
	for (size_t i = 0; i < r->n_attrs; i++)
		if (slice_eq(slice_from(r->attrs[i].key), key))
			return &r->attrs[i];
	return NULL;
}

const struct attr *resource_attr(const struct resource *r, const char *key)
{
	return find(r, slice_from(key));
}

static struct attr *push(struct resource *r, const char *key)
{
	struct attr *a;

	if (r->n_attrs == RESOURCE_ATTRS_MAX)
		return NULL;
	a = arena_push(&r->arena, &r->attrs, &r->n_attrs, sizeof(*a));
	if (a)
		a->key = key;
	return a;
}

static void set_str(struct resource *r, const char *key, struct slice value)
{
	struct attr *a = value.data ? push(r, key) : NULL;

	if (!a)
		return;
	a->type = ATTR_STRING;
	a->string = value;
}

static void set_int(struct resource *r, const char *key, int64_t value)
{
	struct attr *a = push(r, key);

	if (!a)
		return;
	a->type = ATTR_INT;
	a->integer = value;
}

static struct slice base_name(struct slice path)
{
	for (size_t i = path.len; i > 0; i--)
		if (path.data[i - 1] == '/')
			return slice_sub(path, i, path.len);
	return path;
}

static bool is_interpreter(struct slice exe)
{
	static const struct slice names[] = { SLICE("python"), SLICE("node"), SLICE("bun"),
					      SLICE("deno"),   SLICE("ruby"), SLICE("java"),
					      SLICE("php"),    SLICE("perl") };
	size_t len = exe.len;

	while (len &&
	       ((exe.data[len - 1] >= '0' && exe.data[len - 1] <= '9') || exe.data[len - 1] == '.'))
		len--;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq(slice_sub(exe, 0, len), names[i]))
			return true;
	return false;
}

static bool is_script(struct slice word)
{
	static const struct slice endings[] = { SLICE(".py"), SLICE(".js"),  SLICE(".mjs"),
						SLICE(".ts"), SLICE(".cjs"), SLICE(".jar"),
						SLICE(".rb"), SLICE(".php"), SLICE(".pl") };

	if (slice_find_char(word, '/') >= 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (slice_ends(word, endings[i]))
			return true;
	return false;
}

/* What an interpreter runs, by its command line; absent when that does not tell. Code
 * on the command line (-c, -e) is no name. */
static struct slice script_name(struct slice cmdline)
{
	static const struct slice code[] = { SLICE("-c"),     SLICE("-e"), SLICE("-p"),
					     SLICE("-r"),     SLICE("-"),  SLICE("--eval"),
					     SLICE("--print") };
	struct slice rest = cmdline;

	slice_cut(&rest, ' '); /* the interpreter */
	while (rest.data) {
		struct slice word = slice_cut(&rest, ' ');

		for (size_t i = 0; i < ARRAY_LEN(code); i++)
			if (slice_eq(word, code[i]))
				return SLICE_NONE;
		if (slice_eq(word, SLICE("-m")))
			return slice_cut(&rest, ' ');
		if (word.len && word.data[0] != '-')
			return is_script(word) ? base_name(word) : SLICE_NONE;
	}
	return SLICE_NONE;
}

static struct slice executable_name(const struct process *p)
{
	struct slice exe = base_name(slice_from(p->exe));

	return exe.len ? exe : slice_from(p->comm);
}

static struct slice fallback_name(struct resource *r, const struct process *p)
{
	struct slice prefix = SLICE("unknown_service"), name, script;
	char *text;

	name = p ? executable_name(p) : SLICE_NONE;
	if (!name.len)
		return prefix;
	if (is_interpreter(name)) {
		script = script_name(slice_from(p->cmdline));
		name = script.len ? script : name;
	}
	text = arena_alloc(&r->arena, prefix.len + 1 + name.len);
	if (!text)
		return prefix;
	memcpy(text, prefix.data, prefix.len);
	text[prefix.len] = ':';
	memcpy(text + prefix.len + 1, name.data, name.len);
	return (struct slice){ text, prefix.len + 1 + name.len };
}

/* A container's processes are told apart by pid and start time too: one container may
 * hold several services, and a forking server several workers. */
static void set_instance_id(struct resource *r, const struct process *p,
			    const struct otlp_host *host)
{
	struct slice where = p && p->container_id ? slice_from(p->container_id) : host->host_id;
	char name[512], id[UUID_STR_SIZE];

	if (!where.data)
		where = host->host_name;
	snprintf(name, sizeof(name), "%.*s:%u:%llu", (int)MIN(where.len, 256ul),
		 where.data ? where.data : "", p ? p->pid : 0,
		 p ? (unsigned long long)p->start_ns : 0);
	uuid_v5(instance_namespace, slice_from(name), id);
	set_str(r, "service.instance.id", arena_copy(&r->arena, slice_from(id)));
}

static void set_process(struct resource *r, const struct process *p)
{
	struct slice cmdline = slice_from(p->cmdline);

	set_int(r, "process.pid", p->pid);
	if (p->ppid)
		set_int(r, "process.parent_pid", p->ppid);
	set_str(r, "process.executable.name", executable_name(p));
	set_str(r, "process.executable.path", slice_from(p->exe));
	/* Its first word only: what follows may be a prompt. */
	if (cmdline.len)
		set_str(r, "process.command", slice_cut(&cmdline, ' '));
	set_str(r, "process.owner", slice_from(p->owner));
	set_str(r, "process.linux.cgroup", slice_from(p->cgroup));
	set_str(r, "container.id", slice_from(p->container_id));
	for (size_t i = 0; i < p->n_facts; i++)
		if (!slice_starts(slice_from(p->facts[i].name), SLICE("env.")))
			set_str(r, p->facts[i].name, slice_from(p->facts[i].value));
}

static void set_host(struct resource *r, const struct otlp_host *host)
{
	set_str(r, "host.name", host->host_name);
	set_str(r, "host.id", host->host_id);
	set_str(r, "host.arch", host->host_arch);
	set_str(r, "os.type", SLICE("linux"));
	set_str(r, "telemetry.sdk.name", SLICE("gentap"));
	set_str(r, "telemetry.sdk.language", SLICE("c"));
	set_str(r, "telemetry.sdk.version", host->version);
}

/* Whose list of attributes it is, and so what it may say. */
enum list_owner { LIST_OF_PROCESS, LIST_OF_AGENT };

static bool may_set(const struct resource *r, struct slice key, enum list_owner owner)
{
	if (slice_starts(key, SLICE("telemetry.")) || slice_starts(key, SLICE("process.")))
		return false;
	if (owner == LIST_OF_PROCESS)
		return true;
	/* These the agent's environment says of the agent's own process and container. */
	return !slice_starts(key, SLICE("container.")) &&
	       !slice_eq(key, SLICE("service.instance.id")) && !find(r, key);
}

/* A pair that cannot be read is skipped: the others are still true. */
static void set_list(struct resource *r, struct slice list, enum list_owner owner)
{
	_cleanup_(buf_cleanup) struct buf value = BUF_INIT(VALUE_MAX);
	struct slice key;
	int n;

	while ((n = pairs_next(&list, &key, &value)) != 0) {
		struct attr *a;
		struct slice name, copy;

		if (n == -ENOMEM)
			r->arena.failed = true;
		if (n < 0 || !may_set(r, key, owner))
			continue;
		a = find(r, key);
		name = a ? slice_from(a->key) : arena_copy(&r->arena, key);
		copy = arena_copy(&r->arena, buf_slice(&value));
		/* The last place is kept for service.name. */
		if (!a && name.data && r->n_attrs < RESOURCE_ATTRS_MAX - 1)
			a = push(r, name.data);
		if (a && copy.data) {
			a->type = ATTR_STRING;
			a->string = copy;
		}
	}
}

static void set_service_name(struct resource *r, const struct process *p,
			     const struct otlp_host *host)
{
	struct attr *listed = find(r, SLICE("service.name"));
	struct slice name = host->service_name;

	if (!name.len && p)
		name = slice_from(p->service_name);
	if (!name.len && listed)
		name = listed->string;
	if (!name.len)
		name = fallback_name(r, p);
	if (listed)
		listed->string = name;
	else
		set_str(r, "service.name", name);
}

void resource_init(struct resource *r, const struct process *p, const struct otlp_host *host)
{
	*r = (struct resource){ 0 };
	arena_init(&r->arena, RESOURCE_ARENA_MAX);
	set_instance_id(r, p, host);
	if (p)
		set_process(r, p);
	set_host(r, host);
	if (p)
		set_list(r, slice_from(p->resource_attributes), LIST_OF_PROCESS);
	set_list(r, host->resource_attributes, LIST_OF_AGENT);
	set_service_name(r, p, host);
}

void resource_release(struct resource *r)
{
	arena_release(&r->arena);
}
