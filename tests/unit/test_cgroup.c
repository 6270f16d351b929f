/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup.h"
#include "cleanup.h"
#include "test.h"

#define A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define POD "pod1f3a9b1c_0c4f_4a55_9f3e_1f0b5a6c7d8e"

static const struct {
	const char *name, *text, *path, *id; /* NULL: absent */
} rows[] = {
	{ "empty", "", NULL, NULL },
	{ "v2 root", "0::/\n", "/", NULL },
	{ "v2 service", "0::/system.slice/ssh.service\n", "/system.slice/ssh.service", NULL },
	{ "v2 session", "0::/user.slice/user-1000.slice/session-2.scope",
	  "/user.slice/user-1000.slice/session-2.scope", NULL },
	{ "v2 docker, systemd driver", "0::/system.slice/docker-" A ".scope\n",
	  "/system.slice/docker-" A ".scope", A },
	{ "v2 docker, cgroupfs driver", "0::/docker/" A "\n", "/docker/" A, A },
	{ "v2 docker with a child", "0::/docker/" A "/init\n", "/docker/" A "/init", A },
	{ "v1 docker",
	  "12:pids:/docker/" A "\n4:cpu,cpuacct:/docker/" A "\n1:name=systemd:/docker/" A "\n",
	  "/docker/" A, A },
	{ "hybrid, nothing unified", "9:memory:/docker/" A "\n1:name=systemd:/docker/" A "\n0::/\n",
	  "/docker/" A, A },
	{ "hybrid, unified first", "0::/system.slice/docker-" A ".scope\n9:memory:/\n",
	  "/system.slice/docker-" A ".scope", A },
	{ "hybrid, first v1 is the root", "9:cpuset:/\n8:memory:/user.slice\n0::/\n", "/user.slice",
	  NULL },
	{ "hybrid, id in v1 only", "9:memory:/docker/" A "\n0::/system.slice/containerd.service\n",
	  "/system.slice/containerd.service", A },
	{ "v2 kubernetes, containerd",
	  "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-" POD
	  ".slice/cri-containerd-" A ".scope\n",
	  "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-" POD
	  ".slice/cri-containerd-" A ".scope",
	  A },
	{ "v1 kubernetes, cgroupfs",
	  "11:memory:/kubepods/besteffort/pod1f3a9b1c-0c4f-4a55-9f3e-1f0b5a6c7d8e/" A "\n",
	  "/kubepods/besteffort/pod1f3a9b1c-0c4f-4a55-9f3e-1f0b5a6c7d8e/" A, A },
	{ "kubernetes, CRI-O",
	  "0::/kubepods.slice/kubepods-" POD ".slice/crio-" A ".scope/container\n",
	  "/kubepods.slice/kubepods-" POD ".slice/crio-" A ".scope/container", A },
	{ "CRI-O's monitor", "0::/kubepods.slice/kubepods-" POD ".slice/crio-conmon-" A ".scope\n",
	  "/kubepods.slice/kubepods-" POD ".slice/crio-conmon-" A ".scope", NULL },
	{ "containerd without a slice driver",
	  "0::/system.slice/containerd.service/kubepods-besteffort-" POD ".slice:cri-containerd:" A
	  "\n",
	  "/system.slice/containerd.service/kubepods-besteffort-" POD ".slice:cri-containerd:" A,
	  A },
	{ "podman, root", "0::/machine.slice/libpod-" A ".scope/container\n",
	  "/machine.slice/libpod-" A ".scope/container", A },
	{ "podman, user",
	  "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" A ".scope\n",
	  "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" A ".scope", A },
	{ "podman's monitor", "0::/machine.slice/libpod-conmon-" A ".scope\n",
	  "/machine.slice/libpod-conmon-" A ".scope", NULL },
	{ "podman, cgroupfs", "0::/libpod_parent/libpod-" A "\n", "/libpod_parent/libpod-" A, A },
	{ "nerdctl", "0::/default/" A "\n", "/default/" A, A },
	{ "ECS", "9:memory:/ecs/0123456789abcdef0123456789abcdef/" A "\n",
	  "/ecs/0123456789abcdef0123456789abcdef/" A, A },
	{ "kind: a pod in a container",
	  "0::/system.slice/docker-" A
	  ".scope/kubelet.slice/kubelet-kubepods.slice/cri-containerd-" B ".scope\n",
	  "/system.slice/docker-" A ".scope/kubelet.slice/kubelet-kubepods.slice/cri-containerd-" B
	  ".scope",
	  B },
	{ "docker in docker", "0::/docker/" A "/docker/" B "\n", "/docker/" A "/docker/" B, B },
	{ "seen from a sibling's namespace", "0::/../cri-containerd-" A ".scope\n",
	  "/../cri-containerd-" A ".scope", A },
	{ "63 digits",
	  "0::/docker/"
	  "123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	  "/docker/123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", NULL },
	{ "65 digits", "0::/docker/0" A, "/docker/0" A, NULL },
	{ "upper case",
	  "0::/docker/ABCDEF6789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	  "/docker/ABCDEF6789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", NULL },
	{ "colons in the path", "0::/a:b:c\n", "/a:b:c", NULL },
	{ "no lines", "nonsense\n::\n0:\n7:memory\n", NULL, NULL },
};

TEST(cgroup_names_the_container)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cgroup c;

		test_row("%s", rows[i].name);
		cgroup_parse(slice_from(rows[i].text), &c);
		CHECK_STR(c.path, rows[i].path);
		CHECK_STR(c.container_id, rows[i].id);
	}
}

TEST(cgroup_survives_truncation)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t len = 0; len <= strlen(rows[i].text); len++) {
			_cleanup_free_ char *copy = malloc(len + 1);
			struct cgroup c;

			memcpy(copy, rows[i].text, len);
			cgroup_parse((struct slice){ copy, len }, &c);
			CHECK(!c.container_id.data || c.container_id.len == 64);
		}
	}
}
