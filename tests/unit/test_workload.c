/* SPDX-License-Identifier: Apache-2.0 */
#include "workload.h"

#include "cleanup.h"
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#define UID "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
#define UID_ "0f1e2d3c_4b5a_6978_8796_a5b4c3d2e1f0"
#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

TEST(workload_cgroups)
{
	static const struct {
		const char *path, *unit, *pod, *runtime;
	} rows[] = {
		{ "/system.slice/agent.service", "agent.service", NULL, NULL },
		{ "/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope", "x.scope",
		  NULL, NULL },
		{ "/docker/" ID, NULL, NULL, "docker" },
		{ "/system.slice/docker-" ID ".scope", NULL, NULL, "docker" },
		{ "/machine.slice/libpod-" ID ".scope/container", NULL, NULL, "podman" },
		{ "/kubepods/burstable/pod" UID "/" ID, NULL, UID, NULL },
		{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_
		  ".slice/cri-containerd-" ID ".scope",
		  NULL, UID_, "containerd" },
		{ "/kubepods.slice/pod-of-nothing", NULL, NULL, NULL },
		{ "/home/pod" UID, NULL, NULL, NULL },
		{ "/", NULL, NULL, NULL },
		{ "", NULL, NULL, NULL },
		{ NULL, NULL, NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct workload_cgroup w;

		test_row("%s", rows[i].path ? rows[i].path : "-");
		workload_parse_cgroup(slice_from(rows[i].path), &w);
		CHECK_STR(w.unit, rows[i].unit);
		CHECK_STR(w.pod_uid, rows[i].pod);
		CHECK_STR(w.runtime, rows[i].runtime);
	}
	test_row(NULL);
}

TEST(process_facts)
{
	struct process *p = NULL;
	char name[32];

	CHECK_INT(process_new(&p), 0);
	CHECK_INT(process_set_fact(p, "a", SLICE("1")), 0);
	CHECK_INT(process_set_fact(p, "a", SLICE("2")), 0);
	CHECK_INT(process_set_fact(p, "b", SLICE_NONE), 0);
	CHECK_INT(process_set_fact(p, "b", SLICE("")), 0);
	CHECK_INT(p->n_facts, 1);
	CHECK_STR(slice_from(process_fact(p, "a")), "2");
	CHECK(!process_fact(p, "b"));
	for (int i = 0; i < PROCESS_FACTS_MAX - 1; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		CHECK_INT(process_set_fact(p, name, SLICE("v")), 0);
	}
	CHECK_INT(process_set_fact(p, "one more", SLICE("v")), -ENOSPC);
	CHECK_INT(process_set_fact(p, "a", SLICE("3")), 0);
	process_unref(p);
}

/* A real process: this test's own, as /proc shows it. */
TEST(workload_of_a_process)
{
	static const char *const wanted[] = { "GENTAP_TEST_TEAM", "GENTAP_TEST_ABSENT", NULL };
	struct process *p = NULL;
	int status;
	pid_t pid = fork();

	if (!pid) {
		/* /proc shows the environment that a program was started with. */
		execle("/bin/sleep", "sleep", "20", (char *)NULL,
		       (char *const[]){ (char[]){ "GENTAP_TEST_TEAM=blue" }, NULL });
		_exit(1);
	}
	CHECK_INT(process_new(&p), 0);
	p->pid = (uint32_t)pid;
	for (int i = 0; i < 200 && !process_fact(p, "env.GENTAP_TEST_TEAM"); i++) {
		CHECK_INT(workload_read(p, wanted), 0);
		usleep(10000);
	}
	CHECK_STR(slice_from(process_fact(p, "env.GENTAP_TEST_TEAM")), "blue");
	CHECK(!process_fact(p, "env.GENTAP_TEST_ABSENT"));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	CHECK_INT(workload_read(p, wanted), 0); /* gone: nothing new, no error */
	process_unref(p);
}

TEST(workload_without_memory)
{
	EACH_MALLOC_FAILURE
	{
		struct process *p = NULL;

		if (!process_new(&p)) {
			p->pid = (uint32_t)getpid();
			p->cwd = strdup("/");
			workload_read(p, NULL);
		}
		process_unref(p);
	}
}
