/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fill DB RUNS SECONDS [BIG]: runs of several agents over the last SECONDS, the same for
 * the same arguments but for the end, which is now; with BIG, one more run of so many
 * spans. Prints the number of spans. For the page's tests and benches.
 */
#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "schema.h"
#include "semconv.h"
#include "slab_attrs.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct fill {
	struct store *store;
	uint64_t state; /* of the random numbers */
	uint64_t spans;
	uint64_t id;
};

static uint64_t next(struct fill *f)
{
	f->state ^= f->state << 13;
	f->state ^= f->state >> 7;
	f->state ^= f->state << 17;
	return f->state;
}

static uint64_t below(struct fill *f, uint64_t n)
{
	return next(f) % n;
}

#define PICK(f, list) ((list)[below((f), ARRAY_LEN(list))])

struct model {
	const char *name, *provider, *server;
	double in, out; /* USD a million; 0: no price is known */
	double speed;	/* tokens a second */
};
static const struct model models[] = {
	{ "claude-sonnet-4-6", "anthropic", "api.anthropic.com", 3, 15, 62 },
	{ "claude-haiku-4-5", "anthropic", "api.anthropic.com", 1, 5, 140 },
	{ "gpt-5.1", "openai", "api.openai.com", 1.25, 10, 70 },
	{ "gpt-5-mini", "openai", "api.openai.com", 0.25, 2, 110 },
	{ "gemini-2.5-flash", "gcp.gemini", "generativelanguage.googleapis.com", 0.3, 2.5, 180 },
	{ "qwen3-coder:30b", "ollama", "127.0.0.1", 0, 0, 35 },
};
static const char *const agents[] = { "coder", "research agent", "support bot", "reviewer" };
static const char *const users[] = { "amara", "bastian", "chen", "ci", "dolores" };
static const char *const tiers[] = { "pro", "free", "pro", "team", "free" };
static const char *const teams[] = { "platform", "platform", "research", "platform", "support" };
static const char *const repos[] = { "shop-api", "docs", "ledger", "shop-api" };
static const char *const tools[] = { "Bash", "Read", "Edit", "Grep", "search_docs", "fetch_page" };

static struct span *start(struct fill *f, const char *name, const uint8_t trace[16],
			  const uint8_t *parent, uint64_t start_ns, uint64_t ns)
{
	struct span *s = NULL;

	if (span_new(&s))
		exit(1);
	memcpy(s->trace_id, trace, 16);
	f->id++;
	for (int i = 0; i < 8; i++)
		s->span_id[i] = (uint8_t)(f->id * 0x9e3779b97f4a7c15u >> (56 - 8 * i));
	if (parent)
		memcpy(s->parent_id, parent, 8);
	s->kind = SPAN_INTERNAL;
	s->name = arena_copy(&s->arena, slice_from(name));
	s->start_ns = start_ns;
	s->end_ns = start_ns + ns;
	return s;
}

static void end(struct fill *f, struct span *s)
{
	store_span(f->store, s);
	span_free(s);
	if (++f->spans % 8192 == 0)
		store_flush(f->store, 60000);
}

static void set_hex(struct span *s, const char *key, const uint8_t id[8])
{
	char text[17];

	for (int i = 0; i < 8; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
	span_set_str(s, key, slice_from(text));
}

struct run {
	uint8_t trace[16], id[8];
	size_t agent, user;
	char session[32];
	int64_t calls, tools, errors, input, output, cached;
	double cost;
	int64_t unknown;
	struct buf *talk; /* what was said so far, as a JSON list that is open; NULL: unknown */
};

static const char *const tasks[] = {
	"The checkout test fails since the currency change: find out why and fix it",
	"Write down how the retry queue works, with an example for each case",
	"Rename Ledger.post() to Ledger.book() everywhere, keep the old name for a release",
	"Why does GET /orders take two seconds for large customers?",
};

static void set_who(struct span *s, const struct run *r)
{
	set_hex(s, "gentap.run.id", r->id);
	span_set_str(s, "gen_ai.agent.name", slice_from(agents[r->agent]));
	span_set_str(s, "gen_ai.conversation.id", slice_from(r->session));
	span_set_str(s, "user.id", slice_from(users[r->user]));
	span_set_str(s, "gentap.user.tier", slice_from(tiers[r->user]));
	span_set_str(s, "gentap.team", slice_from(teams[r->user]));
	if (r->agent != 2) {
		span_set_str(s, "vcs.repository.name", slice_from(repos[(r->user + r->agent) % 4]));
		span_set_str(s, "vcs.ref.head.name", SLICE("main"));
	}
}

static void set_cost(struct fill *f, struct span *s, struct run *r, const struct model *m,
		     int64_t input, int64_t cached, int64_t output)
{
	double in = (double)(input - cached) * m->in / 1e6, read = (double)cached * m->in / 1e7,
	       out = (double)output * m->out / 1e6;

	span_set_str(s, "gentap.cost.source", m->in > 0 ? SLICE("exact") : SLICE("none"));
	if (!(m->in > 0)) {
		r->unknown++;
		return;
	}
	span_set_double(s, "gentap.cost.total", in + read + out);
	span_set_double(s, "gentap.cost.input", in);
	span_set_double(s, "gentap.cost.cache_read", read);
	span_set_double(s, "gentap.cost.output", out);
	span_set_double(s, "gentap.cost.saved", (double)cached * m->in * 0.9 / 1e6);
	/* The list of prices changed on the way. */
	span_set_str(s, "gentap.cost.price_date",
		     f->spans < 300 ? SLICE("2026-10-14") : SLICE("2026-11-02"));
	r->cost += in + read + out;
}

/* What providers tell of their limits in the head of an answer. */
static void set_limits(struct fill *f, struct span *s, const struct model *m)
{
	int64_t used = (int64_t)below(f, 50) + (m->provider[0] == 'a' ? 45 : 5);

	if (!(m->in > 0) || m->provider[0] == 'g')
		return;
	span_set_int(s, "gentap.rate_limit.requests.limit", 4000);
	span_set_int(s, "gentap.rate_limit.requests.remaining", 4000 - (int64_t)below(f, 400));
	span_set_double(s, "gentap.rate_limit.requests.reset", 12);
	span_set_int(s, "gentap.rate_limit.input_tokens.limit", 2000000);
	span_set_int(s, "gentap.rate_limit.input_tokens.remaining", 20000 * (100 - used));
	span_set_double(s, "gentap.rate_limit.input_tokens.reset", 41.5);
	span_set_double(s, "gentap.rate_limit.input_tokens.used", (double)used / 100);
}

static void set_talk(struct span *s, struct run *r, bool last)
{
	static const char call[] =
		"{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":"
		"\"I look at the code first.\"},{\"type\":\"tool_call\",\"id\":"
		"\"call_1\",\"name\":\"Bash\",\"arguments\":{\"command\":"
		"\"grep -rn currency src\"}}]",
			  result[] =
				  ",{\"role\":\"tool\",\"parts\":[{\"type\":\"tool_call_response\","
				  "\"id\":\"call_1\",\"response\":\"src/cart.py:41: return "
				  "total * rates[currency]\"}]}",
			  answer[] = "{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\","
				     "\"content\":\"Done. The rate was looked up by the old "
				     "three-letter code; `cart.py` maps it now, and the test "
				     "passes.\"}]";
	_cleanup_(buf_cleanup) struct buf text = BUF_INIT(1 << 20);

	if (!r->talk)
		return;
	buf_printf(&text, "%.*s]", SLICE_FMT(buf_slice(r->talk)));
	span_set_str(s, "gen_ai.input.messages", buf_slice(&text));
	span_set_str(s, "gentap.task", slice_from(tasks[r->user % ARRAY_LEN(tasks)]));
	buf_reset(&text, 1 << 20);
	buf_printf(&text, "[%s,\"finish_reason\":\"%s\"}]", last ? answer : call,
		   last ? "stop" : "tool_call");
	span_set_str(s, "gen_ai.output.messages", buf_slice(&text));
	buf_printf(r->talk, ",%s}%s", last ? answer : call, last ? "" : result);
}

/* One call; gives its length. */
static uint64_t chat(struct fill *f, struct run *r, const uint8_t *parent, uint64_t at,
		     int64_t context, bool last)
{
	const struct model *m = &models[(r->agent + below(f, 3)) % ARRAY_LEN(models)];
	int64_t output = 60 + (int64_t)below(f, 700),
		cached = context * (int64_t)below(f, 90) / 100;
	uint64_t wait = (250 + below(f, 900)) * NSEC_PER_MSEC;
	uint64_t stream = (uint64_t)((double)output / m->speed * 1e9);
	bool fails = below(f, 28) == 0;
	char name[96];
	struct span *s;

	snprintf(name, sizeof(name), "chat %s", m->name);
	s = start(f, name, r->trace, parent, at, fails ? wait : wait + stream);
	s->kind = SPAN_CLIENT;
	span_set_str(s, ATTR_OPERATION_NAME, SLICE("chat"));
	span_set_str(s, "gen_ai.provider.name", slice_from(m->provider));
	span_set_str(s, "gen_ai.request.model", slice_from(m->name));
	span_set_str(s, "server.address", slice_from(m->server));
	span_set_int(s, "server.port", 443);
	span_set_bool(s, "gen_ai.request.stream", true);
	set_who(s, r);
	r->calls++;
	if (fails) {
		s->error = true;
		span_set_str(s, "error.type",
			     below(f, 3) ? SLICE("rate_limit_exceeded")
					 : SLICE("overloaded_error"));
		span_set_int(s, "http.response.status_code", 429);
		span_set_str(s, "gentap.completeness", SLICE("full"));
		span_set_str(s, "gentap.cost.source", SLICE("refused"));
		r->errors++;
		end(f, s);
		return wait;
	}
	set_limits(f, s, m);
	set_talk(s, r, last);
	span_set_str(s, "gen_ai.response.model", slice_from(m->name));
	span_set_double(s, "gen_ai.response.time_to_first_chunk", (double)wait / 1e9);
	span_set_int(s, "gen_ai.usage.input_tokens", context);
	span_set_int(s, "gen_ai.usage.output_tokens", output);
	span_set_int(s, "gen_ai.usage.cache_read.input_tokens", cached);
	if (r->agent == 1)
		span_set_int(s, "gen_ai.usage.reasoning.output_tokens", output / 3);
	span_set_strs(s, "gen_ai.response.finish_reasons",
		      last ? &SLICE("stop") : &SLICE("tool_calls"), 1);
	span_set_str(s, "gentap.usage.source", SLICE("wire"));
	span_set_str(s, "gentap.completeness", below(f, 60) ? SLICE("full") : SLICE("partial"));
	set_cost(f, s, r, m, context, cached, output);
	r->input += context;
	r->output += output;
	r->cached += cached;
	end(f, s);
	return wait + stream;
}

static uint64_t tool(struct fill *f, struct run *r, const uint8_t *parent, uint64_t at,
		     uint8_t ret_id[8], uint64_t least)
{
	const char *which = tools[(r->agent * 2 + below(f, 4)) % ARRAY_LEN(tools)];
	uint64_t ns = MAX(least, (40 + below(f, 60) * below(f, 60)) * NSEC_PER_MSEC);
	char name[64];
	struct span *s;

	snprintf(name, sizeof(name), "execute_tool %s", which);
	s = start(f, name, r->trace, parent, at, ns);
	span_set_str(s, ATTR_OPERATION_NAME, SLICE("execute_tool"));
	span_set_str(s, "gen_ai.tool.name", slice_from(which));
	span_set_str(s, "gen_ai.tool.type", SLICE("function"));
	set_who(s, r);
	if (below(f, 9) == 0) {
		s->error = true;
		span_set_str(s, "error.type", SLICE("tool_error"));
		r->errors++;
	} else if (below(f, 7) == 0) {
		span_set_str(s, "gentap.inferred", SLICE("tool window between two calls"));
	}
	if (ret_id)
		memcpy(ret_id, s->span_id, 8);
	end(f, s);
	if (!strcmp(which, "Bash")) {
		s = start(f, "git", r->trace, ret_id, at + ns / 10, ns * 8 / 10);
		span_set_str(s, "process.executable.name", SLICE("git"));
		span_set_int(s, "process.exit.code", 0);
		set_who(s, r);
		end(f, s);
	}
	r->tools++;
	return ns;
}

static void end_run(struct fill *f, struct run *r, const uint8_t *parent, uint64_t from,
		    uint64_t to)
{
	char name[64];
	struct span *s;

	snprintf(name, sizeof(name), "invoke_agent %s", agents[r->agent]);
	s = start(f, name, r->trace, parent, from, to - from);
	memcpy(s->span_id, r->id, 8);
	span_set_str(s, ATTR_OPERATION_NAME, SLICE("invoke_agent"));
	set_who(s, r);
	span_set_int(s, "gentap.run.calls", r->calls);
	span_set_int(s, "gentap.run.tools", r->tools);
	span_set_int(s, "gentap.run.errors", r->errors);
	span_set_int(s, "gentap.run.input_tokens", r->input);
	span_set_int(s, "gentap.run.output_tokens", r->output);
	span_set_int(s, "gentap.run.cache_read_tokens", r->cached);
	if (r->cost > 0)
		span_set_double(s, "gentap.run.cost", r->cost);
	if (r->unknown)
		span_set_int(s, "gentap.run.cost.unknown_calls", r->unknown);
	if (below(f, 14) == 0) {
		s->error = true;
		span_set_str(s, "error.type", SLICE("rate_limit_exceeded"));
	}
	end(f, s);
}

static void make_id(struct fill *f, uint8_t *to, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)next(f);
}

static uint64_t make_run(struct fill *f, const uint8_t *trace, const uint8_t *parent, size_t agent,
			 uint64_t from, size_t turns, uint64_t session)
{
	_cleanup_(buf_cleanup) struct buf talk = BUF_INIT(1 << 20);
	struct run r = { .agent = agent, .user = (session + agent) % ARRAY_LEN(users) };
	int64_t context = 900 + (int64_t)below(f, 4000);
	uint64_t at = from + 5 * NSEC_PER_MSEC;

	make_id(f, r.trace, sizeof(r.trace));
	make_id(f, r.id, sizeof(r.id));
	if (trace)
		memcpy(r.trace, trace, sizeof(r.trace));
	/* One of the agents has its content recorded; not in the big ones. */
	if (!agent && turns < 50 && f->spans < 20000) {
		buf_printf(
			&talk,
			"[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"%s\"}]}",
			tasks[r.user % ARRAY_LEN(tasks)]);
		r.talk = &talk;
	}
	snprintf(r.session, sizeof(r.session), "conv_%06llu", (unsigned long long)session);
	for (size_t i = 0; i < turns; i++) {
		uint64_t begin;
		uint8_t id[8];

		at += chat(f, &r, r.id, at, context, i + 1 == turns);
		if (i + 1 == turns)
			break;
		begin = at += 2 * NSEC_PER_MSEC;
		/* Sometimes a sub-agent works inside the tool. */
		if (!parent && i == 1 && below(f, 4) == 0) {
			uint64_t inner = 9 * NSEC_PER_SEC;

			at += tool(f, &r, r.id, begin, id, inner);
			make_run(f, r.trace, id, 1, begin + 20 * NSEC_PER_MSEC, 2, session);
		} else {
			at += tool(f, &r, r.id, begin, id, 0);
			if (below(f, 3) == 0)
				at = MAX(at, begin + tool(f, &r, r.id, begin, id, 0));
		}
		at += (1 + below(f, 40) * (below(f, 12) == 0 ? 60 : 1)) * NSEC_PER_MSEC;
		context = context > 150000 ? 9000 : context + 400 + (int64_t)below(f, 3000);
	}
	end_run(f, &r, parent, from, at);
	return at;
}

static uint64_t number(const char *text)
{
	uint64_t v = 0;

	if (slice_u64(slice_from(text), &v)) {
		fprintf(stderr, "not a number: %s\n", text);
		exit(2);
	}
	return v;
}

/* What a store does when it has nothing else to do. */
static void finish(const char *path)
{
	uint64_t began = clock_mono_ns();
	sqlite3 *db = NULL;
	bool more = true;
	int slabs = 0, attrs = 0;

	if (schema_open(&db, path))
		return;
	for (; more && !slab_seal(db, SLAB_SPANS, &more); slabs += more)
		;
	for (more = true; more && !slab_attrs_seal(db, &more); attrs += more)
		;
	sqlite3_close(db);
	if (attrs)
		fprintf(stderr, "%d slabs, attributes beside %d of them: %llu ms\n", slabs, attrs,
			(unsigned long long)((clock_mono_ns() - began) / NSEC_PER_MSEC));
}

int main(int argc, char **argv)
{
	struct store_config config = { .host_name = SLICE("workstation"), .must_open = true };
	struct fill f = { .state = 0x2545f4914f6cdd1d };
	uint64_t runs, seconds, from, now = clock_wall_ns();

	if (argc < 4) {
		fprintf(stderr, "usage: fill DB RUNS SECONDS [BIG]\n");
		return 2;
	}
	config.path = argv[1];
	runs = number(argv[2]);
	seconds = number(argv[3]);
	if (store_new(&f.store, &config)) {
		fprintf(stderr, "cannot open %s\n", argv[1]);
		return 1;
	}
	from = now - seconds * NSEC_PER_SEC;
	f.state ^= seconds * UINT64_C(0x9e3779b97f4a7c15);
	f.id = seconds << 32;
	for (uint64_t i = 0; i < runs; i++)
		make_run(&f, NULL, NULL, below(&f, ARRAY_LEN(agents)),
			 from + (uint64_t)((double)i / (double)runs *
					   (double)(seconds > 60 ? seconds - 60 : 1) * 1e9),
			 1 + below(&f, 7), i / 3);
	if (argc > 4) {
		uint64_t spans = f.spans, big = number(argv[4]);

		make_run(&f, NULL, NULL, 0, now - 3 * seconds / 4 * NSEC_PER_SEC,
			 (size_t)(big * 100 / 266), 999999);
		fprintf(stderr, "big run: %llu spans\n", (unsigned long long)(f.spans - spans));
	}
	store_flush(f.store, 60000);
	store_free(f.store);
	finish(config.path);
	printf("%llu\n", (unsigned long long)f.spans);
	return 0;
}
