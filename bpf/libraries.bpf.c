/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * TLS libraries whose functions take (object, buffer, length) and return the length or a
 * number below 1. One program per source and direction: they differ in nothing else, but
 * kernels before 5.15 cannot tell a program which of its probes was hit.
 */
#include "tls.bpf.h"

SEC("uprobe")
int boringssl_write(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	return tls_enter(ctx, GENTAP_SRC_BORINGSSL, GENTAP_WRITE, 0);
}

SEC("uprobe")
int boringssl_read(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	return tls_enter(ctx, GENTAP_SRC_BORINGSSL, GENTAP_READ, 0);
}

SEC("uprobe")
int gnutls_write(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	return tls_enter(ctx, GENTAP_SRC_GNUTLS, GENTAP_WRITE, 0);
}

SEC("uprobe")
int gnutls_read(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	return tls_enter(ctx, GENTAP_SRC_GNUTLS, GENTAP_READ, 0);
}

/* NSS: the plaintext of its own sockets. */
SEC("uprobe")
int nss_write(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	return tls_enter(ctx, GENTAP_SRC_NSS, GENTAP_WRITE, 0);
}

SEC("uprobe")
int nss_read(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	return tls_enter(ctx, GENTAP_SRC_NSS, GENTAP_READ, 0);
}

SEC("uprobe")
int other_write(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	return tls_enter(ctx, GENTAP_SRC_OTHER, GENTAP_WRITE, 0);
}

SEC("uprobe")
int other_read(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	return tls_enter(ctx, GENTAP_SRC_OTHER, GENTAP_READ, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
