/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json beside cJSON on documents like chat requests: time for parsing, for parsing and
 * reading what a dialect reads (model, roles, all text), and allocations. CPU time,
 * medians of interleaved rounds.
 */
#include "cleanup.h"
#include "json.h"

#include <cjson/cJSON.h>
#include <time.h>

#define ROUNDS 15
#define ROUND_NS 20000000
#define DOCUMENT_MAX (1 << 20)

static uint64_t allocations;
static uint64_t seen; /* what was read, so that nothing is optimised away */

static void *counting_malloc(size_t size)
{
	allocations++;
	return malloc(size);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void add_message(struct buf *b, int n)
{
	static const char *const roles[] = { "user", "assistant", "tool" };
	struct buf text = BUF_INIT(DOCUMENT_MAX);

	for (int i = 0; i < 3 + n * 7 % 23; i++)
		buf_printf(&text,
			   "\tif (line[%d] == \"%x\") {\n\t\treturn caf\xc3\xa9(%d, 'x');\n\t}\n",
			   i, n * i, n);
	buf_printf(b, "{\"role\":\"%s\",\"content\":[{\"type\":\"text\",\"text\":", roles[n % 3]);
	buf_add_json(b, buf_slice(&text));
	buf_printf(b, "}],\"id\":\"call_%08x\",\"index\":%d,\"cached\":false},", n * 2654435761u,
		   n);
	buf_release(&text);
}

static void add_tool(struct buf *b, int n)
{
	buf_printf(
		b,
		"%s{\"type\":\"function\",\"function\":{\"name\":\"tool_%d\",\"description\":"
		"\"Reads a file "
		"from the disk and gives its content with line numbers.\",\"parameters\":{\"type\":"
		"\"object\",\"properties\":{\"path\":{\"type\":\"string\",\"description\":"
		"\"where\"},"
		"\"limit\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":1e6}},\"required\":["
		"\"path\"]}}}",
		n ? "," : "", n);
}

static void make_document(struct buf *b, size_t len)
{
	buf_add_str(b,
		    "{\"model\":\"gpt-5-mini\",\"stream\":true,\"temperature\":0.7,\"messages\":[");
	for (int n = 0; b->len < len - len / 8; n++)
		add_message(b, n);
	buf_add_str(b, "{\"role\":\"user\",\"content\":\"go on\"}],\"tools\":[");
	for (int n = 0; b->len < len; n++)
		add_tool(b, n);
	buf_add_str(b, "]}");
}

static void read_ours(const struct json *j)
{
	struct json_val root = json_root(j);
	struct json_val list = json_get(root, "messages");

	seen += json_is(json_get(root, "model"), "x");
	for (struct json_val m = json_first(list); m.doc; m = json_next(m)) {
		struct json_val content = json_get(m, "content");

		seen += json_raw(json_get(m, "role")).len;
		for (struct json_val p = json_first(content); p.doc; p = json_next(p)) {
			struct buf text = BUF_INIT(DOCUMENT_MAX);

			json_str(json_get(p, "text"), &text);
			seen += text.len;
			buf_release(&text);
		}
	}
}

static void read_cjson(const cJSON *root)
{
	const cJSON *m, *p;

	seen += cJSON_GetObjectItemCaseSensitive(root, "model") != NULL;
	cJSON_ArrayForEach(m, cJSON_GetObjectItemCaseSensitive(root, "messages"))
	{
		const cJSON *content = cJSON_GetObjectItemCaseSensitive(m, "content");

		seen += strlen(cJSON_GetObjectItemCaseSensitive(m, "role")->valuestring);
		if (!cJSON_IsArray(content))
			continue;
		cJSON_ArrayForEach(p, content) seen +=
			strlen(cJSON_GetObjectItemCaseSensitive(p, "text")->valuestring);
	}
}

static void parse_ours(struct slice text)
{
	static struct json j; /* reused, as by the decoder */

	seen += (uint64_t)json_parse(&j, text);
}

static void parse_read_ours(struct slice text)
{
	static struct json j;

	if (!json_parse(&j, text))
		read_ours(&j);
}

static void parse_new_ours(struct slice text)
{
	struct json j;

	json_init(&j);
	seen += (uint64_t)json_parse(&j, text);
	json_release(&j);
}

static void parse_cjson(struct slice text)
{
	cJSON *c = cJSON_ParseWithLength(text.data, text.len);

	seen += c != NULL;
	cJSON_Delete(c);
}

static void parse_read_cjson(struct slice text)
{
	cJSON *c = cJSON_ParseWithLength(text.data, text.len);

	if (c)
		read_cjson(c);
	cJSON_Delete(c);
}

static const struct {
	const char *name;
	void (*run)(struct slice text);
} rows[] = {
	{ "json, parse", parse_ours },
	{ "json, parse, new array", parse_new_ours },
	{ "json, parse and read", parse_read_ours },
	{ "cJSON, parse", parse_cjson },
	{ "cJSON, parse and read", parse_read_cjson },
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double round_us(void (*run)(struct slice), struct slice text)
{
	uint64_t start = now_ns(), n = 0;

	do {
		run(text);
		n++;
	} while (now_ns() - start < ROUND_NS);
	return (double)(now_ns() - start) / 1e3 / (double)n;
}

static void bench(size_t len)
{
	_cleanup_(buf_cleanup) struct buf b = BUF_INIT(DOCUMENT_MAX);
	double us[ARRAY_LEN(rows)][ROUNDS];
	struct json j;

	make_document(&b, len);
	json_init(&j);
	if (json_parse(&j, buf_slice(&b)))
		abort();
	allocations = 0;
	parse_cjson(buf_slice(&b));
	printf("%zu bytes: %zu tokens, %zu bytes of them; cJSON %" PRIu64 " allocations\n", b.len,
	       j.count, j.size * 16, allocations);
	json_release(&j);
	for (size_t r = 0; r < ROUNDS; r++)
		for (size_t i = 0; i < ARRAY_LEN(rows); i++)
			us[i][r] = round_us(rows[i].run, buf_slice(&b));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		qsort(us[i], ROUNDS, sizeof(us[i][0]), compare);
		printf("  %-24s %8.1f us %8.0f MB/s\n", rows[i].name, us[i][ROUNDS / 2],
		       (double)b.len / us[i][ROUNDS / 2]);
	}
}

int main(void)
{
	static const size_t sizes[] = { 250, 12000, 50000, 335000 };
	cJSON_Hooks hooks = { counting_malloc, free };

	cJSON_InitHooks(&hooks);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		bench(sizes[i]);
	return seen == 0;
}
