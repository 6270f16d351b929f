/* SPDX-License-Identifier: Apache-2.0 */
#include "budget_fire.h"

#include "cleanup.h"
#include "log.h"

#include <curl/curl.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define WEBHOOK_TIMEOUT_MS 5000L
#define COMMAND_TIMEOUT_MS 30000
#define MESSAGE_MAX (64 * 1024)

const char *budget_level_name(enum budget_level level)
{
	static const char *const names[] = { "fine", "warn", "over" };

	return names[level];
}

void budget_add_json(struct buf *out, const struct budget *b, const struct budget_state *s)
{
	const struct query_column usd = { .unit = UNIT_USD };
	struct query_cell spent = { .type = QUERY_INT, .integer = s->spent_pd };
	struct query_cell limit = { .type = QUERY_INT, .integer = b->limit_pd };
	struct query_cell forecast = { .type = isnan(s->forecast_pd) ? QUERY_NULL : QUERY_DOUBLE,
				       .number = s->forecast_pd };

	buf_add_str(out, "{\"budget\":");
	buf_add_json(out, b->name);
	buf_printf(out,
		   ",\"period\":\"%s\",\"level\":\"%s\",\"where\":", budget_period_name(b->period),
		   budget_level_name(s->level));
	if (b->where.data)
		buf_add_json(out, b->where);
	else
		buf_add_str(out, "null");
	buf_add_str(out, ",\"limit_usd\":");
	query_cell_json(&usd, &limit, out);
	buf_add_str(out, ",\"spent_usd\":");
	query_cell_json(&usd, &spent, out);
	buf_printf(out, ",\"calls_without_price\":%llu,\"forecast_usd\":",
		   (unsigned long long)s->unknown);
	query_cell_json(&usd, &forecast, out);
	buf_printf(out, ",\"from_ns\":%lld,\"to_ns\":%lld}", (long long)s->from_ns,
		   (long long)s->to_ns);
}

/* A file, as a command may begin to read late or never, and nobody is to wait for it. */
static int input_of(struct slice json)
{
	_cleanup_close_ int fd = memfd_create("gentap-budget", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (write(fd, json.data, json.len) != (ssize_t)json.len || lseek(fd, 0, SEEK_SET))
		return -EIO;
	return TAKE_FD(fd);
}

/* As from a shell: no signal blocked or ignored, and a group of its own, to be ended whole. */
static int spawn(const char *command, int in, pid_t *ret)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)command, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, pipe;
	int r;

	sigemptyset(&none);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &pipe);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	r = posix_spawn(ret, "/bin/sh", &files, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return -r;
}

/* Its standard input is the JSON; a shell runs it. 0 or -errno. */
static int run_command(const struct budget *b, struct slice json)
{
	_cleanup_free_ char *command = strndup(b->command.data, b->command.len);
	_cleanup_close_ int in = input_of(json), pidfd = -1;
	struct pollfd ended = { .events = POLLIN };
	int status, r = command ? MIN(in, 0) : -ENOMEM;
	pid_t pid;

	if (!r)
		r = spawn(command, in, &pid);
	if (r)
		return r;
	ended.fd = pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd >= 0 && poll(&ended, 1, COMMAND_TIMEOUT_MS) <= 0) {
		kill(-pid, SIGKILL);
		r = -ETIMEDOUT;
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status))
		return r ? r : -ECHILD;
	return r;
}

static size_t ignore_body(char *data, size_t size, size_t n, void *ctx)
{
	(void)data;
	(void)ctx;
	return size * n;
}

static int post(const struct budget *b, struct slice json)
{
	_cleanup_free_ char *url = strndup(b->webhook.data, b->webhook.len);
	CURL *curl = url ? curl_easy_init() : NULL;
	struct curl_slist *head = curl_slist_append(NULL, "Content-Type: application/json");
	CURLcode code = CURLE_OUT_OF_MEMORY;

	if (curl && head) {
		curl_easy_setopt(curl, CURLOPT_URL, url);
		curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, head);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json.data);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)json.len);
		curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, WEBHOOK_TIMEOUT_MS);
		curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
		curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
		curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore_body);
		code = curl_easy_perform(curl);
	}
	curl_slist_free_all(head);
	curl_easy_cleanup(curl);
	if (code)
		log_error("budget: webhook: %s", curl_easy_strerror(code));
	return code ? -EIO : 0;
}

/* Once for each level of each period; what failed is tried again at the next check. */
int budget_fire(const char *path, struct budget *b, const struct budget_state *s)
{
	_cleanup_(buf_cleanup) struct buf json = BUF_INIT(MESSAGE_MAX);
	bool told = b->fired_period == s->from_ns && b->fired_level >= s->level;
	int r = 0;

	if (s->level == BUDGET_FINE || told || (!b->command.len && !b->webhook.len))
		return 0;
	budget_add_json(&json, b, s);
	if (buf_error(&json))
		return buf_error(&json);
	if (b->command.len)
		r = run_command(b, buf_slice(&json));
	if (r)
		log_error("budget: the command of %.*s failed: %s", SLICE_FMT(b->name),
			  r == -ECHILD ? "its exit status is not 0" : strerror(-r));
	if (b->webhook.len)
		r = post(b, buf_slice(&json)) ? -EIO : r;
	if (r)
		return r;
	b->fired_period = s->from_ns;
	b->fired_level = s->level;
	return budget_set_fired(path, b);
}
