/* SPDX-License-Identifier: Apache-2.0 */
#include "page.h"

#include "cleanup.h"
#include "log.h"
#include "ui.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LISTEN_FD 3

static void become_page(const struct options *o, const char *db, int fd, const char *token)
{
	char hosts[1024] = "";
	char *args[] = { (char *)"gentap",	  (char *)"ui", (char *)"--db", (char *)db,
			 (char *)"--listen-fd=3", NULL,		NULL,		NULL };
	size_t used = 0;
	sigset_t none;

	for (size_t i = 0; i < o->allow_hosts.count && used < sizeof(hosts); i++)
		used += (size_t)snprintf(hosts + used, sizeof(hosts) - used, "%s%s", i ? "," : "",
					 o->allow_hosts.items[i]);
	if (used && used < sizeof(hosts)) {
		args[5] = (char *)"--allow-host";
		args[6] = hosts;
	}
	if (fd == LISTEN_FD ? fcntl(fd, F_SETFD, 0) : dup2(fd, LISTEN_FD) < 0)
		_exit(125);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setenv("GENTAP_UI_TOKEN", token, 1);
	execv("/proc/self/exe", args);
	_exit(127);
}

int page_start(struct page *p, const struct options *o, const char *db)
{
	_cleanup_close_ int fd = -1;
	char token[UI_TOKEN_LEN + 1];
	int r = ui_listen(o->listen, &fd);

	*p = (struct page){ 0 };
	if (!r)
		r = ui_new_token(token);
	if (!r)
		r = ui_url(fd, token, p->url, sizeof(p->url));
	if (r) {
		log_error("ui: cannot listen: %s address=%s", strerror(-r),
			  o->listen ? o->listen : "127.0.0.1:4777");
		return r;
	}
	p->pid = fork();
	if (!p->pid)
		become_page(o, db, fd, token);
	if (p->pid < 0) {
		r = -errno;
		p->pid = 0;
	}
	return r;
}

void page_stop(struct page *p)
{
	if (!p->pid)
		return;
	kill(p->pid, SIGTERM);
	waitpid(p->pid, NULL, 0);
	p->pid = 0;
}
