/* SPDX-License-Identifier: Apache-2.0 */
#include "workload.h"

#include "cleanup.h"
#include "container_name.h"
#include "git.h"
#include "proc.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define ENVIRON_BYTES_MAX (1024 * 1024)
#define SMALL_FILE_MAX 4096
#define UID_LEN 36

static bool is_uid(struct slice s)
{
	if (s.len != UID_LEN)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s.data[i] != '-' && s.data[i] != '_'
			 : !memchr("0123456789abcdef", s.data[i], 16))
			return false;
	}
	return true;
}

/* kubepods/besteffort/podUID, kubepods-besteffort-podUID.slice */
static struct slice find_pod_uid(struct slice part)
{
	struct slice rest = part;
	ssize_t at;

	while ((at = slice_find(rest, SLICE("pod"))) >= 0) {
		struct slice uid = slice_sub(rest, (size_t)at + 3, UID_LEN);

		if (is_uid(uid))
			return uid;
		rest = slice_sub(rest, (size_t)at + 3, rest.len);
	}
	return SLICE_NONE;
}

static struct slice runtime_of(struct slice part)
{
	static const struct {
		struct slice prefix, name;
	} runtimes[] = {
		{ SLICE("docker-"), SLICE("docker") },
		{ SLICE("libpod-"), SLICE("podman") },
		{ SLICE("cri-containerd-"), SLICE("containerd") },
		{ SLICE("crio-"), SLICE("cri-o") },
	};

	for (size_t i = 0; i < ARRAY_LEN(runtimes); i++)
		if (slice_starts(part, runtimes[i].prefix))
			return runtimes[i].name;
	return SLICE_NONE;
}

void workload_parse_cgroup(struct slice path, struct workload_cgroup *ret)
{
	struct workload_cgroup w = { 0 };
	bool kube = slice_find(path, SLICE("kubepods")) >= 0;
	bool docker = slice_starts(path, SLICE("/docker/"));

	while (path.data) {
		struct slice part = slice_cut(&path, '/'),
			     uid = kube ? find_pod_uid(part) : SLICE_NONE;
		struct slice runtime = runtime_of(part);

		if (uid.data)
			w.pod_uid = uid;
		if (runtime.data)
			w.runtime = runtime;
		else if (slice_ends(part, SLICE(".service")) || slice_ends(part, SLICE(".scope")))
			w.unit = part;
	}
	if (docker && !w.runtime.data)
		w.runtime = SLICE("docker");
	*ret = w;
}

static int read_small(uint32_t pid, const char *path, char *buffer, struct slice *ret)
{
	_cleanup_close_ int fd = proc_open_path(pid, path);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EINVAL;
	n = read(fd, buffer, SMALL_FILE_MAX);
	if (n < 0)
		return -errno;
	*ret = slice_trim((struct slice){ buffer, (size_t)n });
	return 0;
}

static int add_git(struct process *p)
{
	struct git g;
	int r;

	if (!p->cwd)
		return 0;
	git_init(&g);
	r = git_read(&g, p->pid, p->cwd);
	if (!r) {
		r = process_set_fact(p, "vcs.repository.name", buf_slice(&g.name));
		if (!r)
			r = process_set_fact(p, "vcs.repository.url.full", buf_slice(&g.url));
		if (!r)
			r = process_set_fact(p, "vcs.ref.head.name", buf_slice(&g.branch));
		if (!r)
			r = process_set_fact(p, "vcs.ref.head.revision", buf_slice(&g.commit));
	}
	git_release(&g);
	return r;
}

static int add_env(struct process *p, struct slice block, const char *const *env)
{
	char name[128];

	for (; env && *env; env++) {
		struct slice value = proc_find_env(block, *env);
		int n = snprintf(name, sizeof(name), "env.%s", *env);

		if (n > 0 && (size_t)n < sizeof(name) &&
		    process_set_fact(p, name, value) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

/* name="…" in podman's file, which is there for containers that may see it. */
static struct slice containerenv_name(struct slice text)
{
	while (text.data && text.len) {
		struct slice line = slice_trim(slice_cut(&text, '\n'));

		if (slice_starts(line, SLICE("name=\"")) && slice_ends(line, SLICE("\"")))
			return slice_sub(line, 6, line.len - 7);
	}
	return SLICE_NONE;
}

static int add_container(struct process *p, const struct workload_cgroup *w)
{
	_cleanup_(buf_cleanup) struct buf name = BUF_INIT(CONTAINER_NAME_MAX);
	char text[SMALL_FILE_MAX];
	struct slice s;
	int r = process_set_fact(p, "container.runtime", w->runtime);

	if (r || w->pod_uid.data)
		return r;
	r = container_name_read(p, &name);
	if (r == -ENOENT && !read_small(p->pid, "/run/.containerenv", text, &s))
		return process_set_fact(p, "container.name", containerenv_name(s));
	return r ? r : process_set_fact(p, "container.name", buf_slice(&name));
}

/* What kubelet puts into every container: the service account's namespace, the pod's
 * name as host name; what a manifest adds by the downward API, under usual names. */
static int add_pod(struct process *p, const struct workload_cgroup *w, struct slice env)
{
	static const struct {
		const char *variable, *fact;
	} downward[] = {
		{ "POD_NAME", "k8s.pod.name" },
		{ "K8S_POD_NAME", "k8s.pod.name" },
		{ "POD_NAMESPACE", "k8s.namespace.name" },
		{ "K8S_NAMESPACE_NAME", "k8s.namespace.name" },
		{ "NODE_NAME", "k8s.node.name" },
		{ "K8S_NODE_NAME", "k8s.node.name" },
		{ "CONTAINER_NAME", "k8s.container.name" },
	};
	char uid[UID_LEN + 1], text[SMALL_FILE_MAX];
	struct slice s;
	int r;

	if (!w->pod_uid.data)
		return 0;
	snprintf(uid, sizeof(uid), "%.*s", SLICE_FMT(w->pod_uid));
	for (size_t i = 0; i < UID_LEN; i++)
		uid[i] = uid[i] == '_' ? '-' : uid[i];
	r = process_set_fact(p, "k8s.pod.uid", slice_from(uid));
	if (!r && !read_small(p->pid, "/var/run/secrets/kubernetes.io/serviceaccount/namespace",
			      text, &s))
		r = process_set_fact(p, "k8s.namespace.name", s);
	if (!r && !read_small(p->pid, "/etc/hostname", text, &s))
		r = process_set_fact(p, "k8s.pod.name", s);
	for (size_t i = 0; !r && i < ARRAY_LEN(downward); i++)
		r = process_set_fact(p, downward[i].fact, proc_find_env(env, downward[i].variable));
	return r;
}

int workload_read(struct process *p, const char *const *env)
{
	_cleanup_(buf_cleanup) struct buf block = BUF_INIT(ENVIRON_BYTES_MAX);
	struct workload_cgroup w;
	int r;

	workload_parse_cgroup(slice_from(p->cgroup), &w);
	if (proc_read_environ(p->pid, &block) == -ENOMEM)
		return -ENOMEM;
	r = add_git(p);
	if (r != -ENOMEM)
		r = process_set_fact(p, "gentap.systemd.unit", w.unit);
	if (r != -ENOMEM)
		r = add_container(p, &w);
	if (r != -ENOMEM)
		r = add_pod(p, &w, buf_slice(&block));
	if (r != -ENOMEM)
		r = add_env(p, buf_slice(&block), env);
	return r == -ENOMEM ? r : 0;
}
