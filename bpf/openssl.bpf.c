/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * OpenSSL 1.1 and 3, also its forks with the same functions. One program per way of
 * calling; agent/probe/locate decides which instructions they go to. An attach cookie
 * would save some of them, but kernels before 5.15 have none.
 *
 *   int SSL_write(ssl, buf, int num)                  returns the length
 *   int SSL_write_ex(ssl, buf, num, size_t *written)  returns 1
 *   ssl_write_internal(ssl, buf, num, size_t *written), from 3.3 (…, num, flags, written)
 */
#include "tls.bpf.h"

SEC("uprobe")
int openssl_write(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	return tls_enter(ctx, GENTAP_SRC_OPENSSL, GENTAP_WRITE, 0);
}

SEC("uprobe")
int openssl_write_out4(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	return tls_enter(ctx, GENTAP_SRC_OPENSSL, GENTAP_WRITE, REGS_ARG4(ctx));
}

SEC("uprobe")
int openssl_write_out5(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	return tls_enter(ctx, GENTAP_SRC_OPENSSL, GENTAP_WRITE, REGS_ARG5(ctx));
}

SEC("uprobe")
int openssl_read(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	return tls_enter(ctx, GENTAP_SRC_OPENSSL, GENTAP_READ, 0);
}

SEC("uprobe")
int openssl_read_out4(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	return tls_enter(ctx, GENTAP_SRC_OPENSSL, GENTAP_READ, REGS_ARG4(ctx));
}

/* After the call, or at the return of the function; of every library. */
SEC("uprobe")
int openssl_return(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	return tls_return(ctx);
}

/* SSL_free, SSL_clear, and what other libraries have of the sort. */
SEC("uprobe")
int openssl_free(struct pt_regs *ctx)
{
	if (!begins(ctx))
		return 0;
	struct conn_key key = conn_key(REGS_ARG1(ctx));

	conn_close(&key);
	return 0;
}

/* For the agent's own test of a way to attach. */
volatile __u32 self_test_hits = 0;

SEC("uprobe")
int self_test(struct pt_regs *ctx)
{
	avoid_private_stack(ctx);
	__sync_fetch_and_add(&self_test_hits, 1);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
