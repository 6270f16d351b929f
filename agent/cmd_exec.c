/* SPDX-License-Identifier: Apache-2.0 */
/* exec: one command, observed from its first byte. */
#include "cleanup.h"
#include "commands.h"
#include "live.h"
#include "log.h"
#include "priv.h"
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#define FLUSH_MS 4000

struct exec {
	struct live live;
	pid_t child;
	int status; /* of waitpid */
};

/* In the child: waits until it is observed, becomes the user, turns into the command. */
static void become_command(int gate, char **args)
{
	struct priv_invoker user;
	int r = priv_find_invoker(&user);
	sigset_t none;
	char go;

	if (read(gate, &go, 1) != 1)
		_exit(125);
	if (!r)
		r = priv_become(&user);
	if (r && r != -ENOENT) {
		fprintf(stderr, "gentap: exec: cannot become the invoking user: %s\n",
			strerror(-r));
		_exit(125);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execvp(args[0], args);
	r = errno;
	fprintf(stderr, "gentap: exec: %s: %s\n", args[0], strerror(r));
	_exit(r == ENOENT ? 127 : 126);
}

static pid_t start_child(char **args, int *ret_gate)
{
	int gate[2];
	pid_t pid;

	if (pipe2(gate, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		close(gate[1]);
		become_command(gate[0], args);
	}
	close(gate[0]);
	*ret_gate = gate[1];
	return pid;
}

static void on_child(void *ctx, int signo)
{
	struct exec *x = ctx;

	(void)signo;
	if (waitpid(x->child, &x->status, WNOHANG) == x->child)
		loop_quit(x->live.app.loop);
}

/* The terminal tells the command itself; what only we were told is passed on. */
static void on_signal(void *ctx, int signo)
{
	struct exec *x = ctx;

	if (signo == SIGTERM)
		kill(x->child, signo);
}

static int observe_child(struct exec *x, int gate)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGQUIT };
	struct loop *loop = x->live.app.loop;
	struct loop_source *source; /* the loop's; never removed one by one */
	int r = loop_add_signal(loop, &source, SIGCHLD, on_child, x);

	for (size_t i = 0; !r && i < ARRAY_LEN(signals); i++)
		r = loop_add_signal(loop, &source, signals[i], on_signal, x);
	if (!r && write(gate, "", 1) != 1)
		r = -errno;
	return r ? r : loop_run(loop);
}

static int exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int cmd_exec(const struct options *o)
{
	_cleanup_close_ int gate = -1;
	struct options with_default = *o;
	char program[PATH_MAX];
	struct exec x = { 0 };
	int r;

	if (!with_default.output)
		with_default.output = OUTPUT_TREE;
	if (!program_find(o->args[0], program))
		probe_prepare(live_cache_dir(), program);
	x.child = start_child(o->args, &gate);
	if (x.child < 0) {
		log_error("exec: cannot start a process: %s", strerror(errno));
		return 125;
	}
	r = live_start(&x.live, &with_default, o->record_file, (uint32_t)x.child);
	if (r) {
		/* Its gate closes with us: it ends without having run anything. */
		close(TAKE_FD(gate));
		waitpid(x.child, NULL, 0);
		return 125;
	}
	r = observe_child(&x, gate);
	if (r)
		log_error("exec: %s", strerror(-r));
	live_stop(&x.live, FLUSH_MS);
	if (!o->quiet)
		print_summary(&x.live.app.printer, stderr);
	live_release(&x.live);
	return r ? 125 : exit_status(x.status);
}
