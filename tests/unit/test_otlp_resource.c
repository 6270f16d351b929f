/* SPDX-License-Identifier: Apache-2.0 */
#include "cleanup.h"
#include "resource.h"
#include "test.h"

static const struct otlp_host host = {
	.host_name = SLICE("node-1"),
	.host_id = SLICE("f00d"),
	.host_arch = SLICE("amd64"),
	.version = SLICE("0.1.0"),
};

static struct process *new_process(void)
{
	struct process *p = NULL;

	CHECK_INT(process_new(&p), 0);
	p->pid = 4711;
	p->ppid = 1;
	p->uid = 1000;
	p->start_ns = 123456789;
	p->comm = strdup("python3");
	p->exe = strdup("/usr/bin/python3.11");
	p->cmdline = strdup("python3 -u /srv/bot/agent.py --prompt hello");
	p->owner = strdup("alice");
	p->cgroup = strdup("/system.slice/bot.service");
	return p;
}

static struct slice str_of(const struct resource *r, const char *key)
{
	const struct attr *a = resource_attr(r, key);

	return a && a->type == ATTR_STRING ? a->string : SLICE_NONE;
}

static void check_unique(const struct resource *r)
{
	for (size_t i = 0; i < r->n_attrs; i++)
		for (size_t k = 0; k < i; k++)
			CHECK(strcmp(r->attrs[i].key, r->attrs[k].key));
}

TEST(resource_of_a_process)
{
	struct process *p = new_process();
	struct resource r;

	p->container_id = strdup("c0ffee");
	resource_init(&r, p, &host);
	CHECK_STR(str_of(&r, "service.name"), "unknown_service:agent.py");
	CHECK_INT(resource_attr(&r, "process.pid")->integer, 4711);
	CHECK_INT(resource_attr(&r, "process.parent_pid")->integer, 1);
	CHECK_STR(str_of(&r, "process.executable.name"), "python3.11");
	CHECK_STR(str_of(&r, "process.executable.path"), "/usr/bin/python3.11");
	CHECK_STR(str_of(&r, "process.command"), "python3");
	CHECK_STR(str_of(&r, "process.owner"), "alice");
	CHECK_STR(str_of(&r, "process.linux.cgroup"), "/system.slice/bot.service");
	CHECK_STR(str_of(&r, "container.id"), "c0ffee");
	CHECK_STR(str_of(&r, "host.name"), "node-1");
	CHECK_STR(str_of(&r, "host.id"), "f00d");
	CHECK_STR(str_of(&r, "host.arch"), "amd64");
	CHECK_STR(str_of(&r, "os.type"), "linux");
	CHECK_STR(str_of(&r, "telemetry.sdk.name"), "gentap");
	CHECK_STR(str_of(&r, "telemetry.sdk.language"), "c");
	CHECK_STR(str_of(&r, "telemetry.sdk.version"), "0.1.0");
	CHECK_INT(r.n_attrs, 17);
	check_unique(&r);
	resource_release(&r);
	process_unref(p);
}

TEST(resource_of_nobody)
{
	struct otlp_host nothing = { 0 };
	struct resource r;

	resource_init(&r, NULL, &nothing);
	CHECK_STR(str_of(&r, "service.name"), "unknown_service");
	CHECK_INT(str_of(&r, "service.instance.id").len, 36);
	CHECK(!resource_attr(&r, "process.pid"));
	CHECK(!resource_attr(&r, "host.name"));
	resource_release(&r);
}

TEST(resource_service_name)
{
	static const struct {
		const char *agent_name, *own_name, *own_list, *agent_list, *want;
	} rows[] = {
		{ NULL, NULL, NULL, NULL, "unknown_service:agent.py" },
		{ NULL, NULL, NULL, "service.name=fleet", "fleet" },
		{ NULL, NULL, "a=b,service.name=listed%20one", "service.name=fleet", "listed one" },
		{ NULL, "own", "service.name=listed", "service.name=fleet", "own" },
		{ "given", "own", "service.name=listed", "service.name=fleet", "given" },
		{ "", "", "service.name=", NULL, "unknown_service:agent.py" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct process *p = new_process();
		struct otlp_host h = host;
		struct resource r;

		test_row("%zu", i);
		h.service_name = slice_from(rows[i].agent_name);
		h.resource_attributes = slice_from(rows[i].agent_list);
		p->service_name = rows[i].own_name ? strdup(rows[i].own_name) : NULL;
		p->resource_attributes = rows[i].own_list ? strdup(rows[i].own_list) : NULL;
		resource_init(&r, p, &h);
		CHECK_STR(str_of(&r, "service.name"), rows[i].want);
		check_unique(&r);
		resource_release(&r);
		process_unref(p);
	}
}

TEST(resource_fallback_names)
{
	static const struct {
		const char *exe, *comm, *cmdline, *want;
	} rows[] = {
		{ "/usr/local/bin/claude", "claude", "claude -p hi", "unknown_service:claude" },
		{ "/usr/bin/node", "node", "node /usr/lib/bot/cli.mjs x",
		  "unknown_service:cli.mjs" },
		{ "/usr/bin/python3", "python3", "python3 -m my.agent",
		  "unknown_service:my.agent" },
		{ "/usr/bin/python3", "python3", "/usr/bin/python3 /usr/bin/aider",
		  "unknown_service:aider" },
		{ "/usr/bin/python3", "python3", "python3 -W ignore x.py",
		  "unknown_service:python3" },
		{ "/usr/bin/python3", "python3", "python3 -c import/secrets.py",
		  "unknown_service:python3" },
		{ "/usr/bin/node", "node", "node -e a.js", "unknown_service:node" },
		{ "/usr/bin/python3", "python3", "python3", "unknown_service:python3" },
		{ "/usr/bin/python3", "python3", "python3 -m", "unknown_service:python3" },
		{ "/opt/jdk/bin/java", "java", "java -Xmx1g -jar /srv/app.jar",
		  "unknown_service:app.jar" },
		{ "/srv/x.py/tool", "tool", "tool a.py", "unknown_service:tool" },
		{ NULL, "kworker", NULL, "unknown_service:kworker" },
		{ NULL, NULL, NULL, "unknown_service" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct process *p = NULL;
		struct resource r;

		test_row("%zu", i);
		CHECK_INT(process_new(&p), 0);
		p->exe = rows[i].exe ? strdup(rows[i].exe) : NULL;
		p->comm = rows[i].comm ? strdup(rows[i].comm) : NULL;
		p->cmdline = rows[i].cmdline ? strdup(rows[i].cmdline) : NULL;
		resource_init(&r, p, &host);
		CHECK_STR(str_of(&r, "service.name"), rows[i].want);
		resource_release(&r);
		process_unref(p);
	}
}

TEST(resource_who_may_say_what)
{
	struct process *p = new_process();
	struct otlp_host h = host;
	struct resource r;

	p->resource_attributes = strdup("host.name=mine,team=a%2Cb,telemetry.sdk.name=x,"
					"process.pid=1,broken,bad=%zz,k8s.pod.name=p,"
					"service.instance.id=i-1,team=c");
	h.resource_attributes = SLICE("host.name=theirs,team=z,region=eu,container.id=agents,"
				      "process.owner=root,service.instance.id=agents");
	resource_init(&r, p, &h);
	CHECK_STR(str_of(&r, "host.name"), "mine");
	CHECK_STR(str_of(&r, "team"), "c");
	CHECK_STR(str_of(&r, "region"), "eu");
	CHECK_STR(str_of(&r, "k8s.pod.name"), "p");
	CHECK_STR(str_of(&r, "telemetry.sdk.name"), "gentap");
	CHECK_STR(str_of(&r, "service.instance.id"), "i-1");
	CHECK_STR(str_of(&r, "process.owner"), "alice");
	CHECK_INT(resource_attr(&r, "process.pid")->integer, 4711);
	CHECK(!resource_attr(&r, "container.id"));
	CHECK(!resource_attr(&r, "bad"));
	check_unique(&r);
	resource_release(&r);
	process_unref(p);
}

static void instance_id(const struct process *p, const struct otlp_host *h, char ret[37])
{
	struct resource r;

	resource_init(&r, p, h);
	snprintf(ret, 37, "%.*s", SLICE_FMT(str_of(&r, "service.instance.id")));
	resource_release(&r);
}

TEST(resource_instance_ids_are_stable_and_unique)
{
	struct process *p = new_process();
	struct otlp_host other = host;
	char id[37], again[37], changed[4][37];

	/* python3 -c 'import uuid; print(uuid.uuid5(uuid.UUID(
	 * "4d63009a-8d0f-11ee-aad7-4c796ed8e320"), "f00d:4711:123456789"))' */
	instance_id(p, &host, id);
	CHECK_STR(slice_from(id), "ea1030b6-293e-50ad-aa27-97fbc6ed07d2");
	instance_id(p, &host, again);
	CHECK_STR(slice_from(again), id);
	p->pid++;
	instance_id(p, &host, changed[0]);
	p->start_ns++;
	instance_id(p, &host, changed[1]);
	other.host_id = SLICE("beef");
	instance_id(p, &other, changed[2]);
	p->container_id = strdup("c0ffee");
	instance_id(p, &other, changed[3]);
	for (size_t i = 0; i < 4; i++) {
		CHECK(strcmp(id, changed[i]));
		for (size_t k = 0; k < i; k++)
			CHECK(strcmp(changed[k], changed[i]));
	}
	process_unref(p);
}

TEST(resource_ceilings)
{
	_cleanup_(buf_cleanup) struct buf list = BUF_INIT(1024 * 1024);
	struct process *p = new_process();
	struct resource r;

	for (int i = 0; i < 1000; i++)
		buf_printf(&list, "key.%d=%d,", i, i);
	p->resource_attributes = strdup(list.data);
	resource_init(&r, p, &host);
	CHECK_INT(r.n_attrs, RESOURCE_ATTRS_MAX);
	CHECK(resource_attr(&r, "telemetry.sdk.version"));
	resource_release(&r);
	process_unref(p);
}

TEST(resource_without_memory)
{
	struct process *p = new_process();

	p->resource_attributes = strdup("a=b,c=d,service.name=x");
	EACH_MALLOC_FAILURE
	{
		_cleanup_(buf_cleanup) struct buf b = BUF_INIT(100000);
		struct resource r;

		resource_init(&r, p, &host);
		CHECK(r.arena.failed || r.n_attrs == 18);
		resource_release(&r);
		otlp_encode_resource(&b, OTLP_JSON, p, &host);
	}
	process_unref(p);
}
