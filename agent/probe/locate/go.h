/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where to observe crypto/tls of Go (and its forks: any package called …tls with a Conn),
 * 1.17 or newer on x86-64, 1.18 or newer on arm64: those pass arguments in registers.
 *
 * Return probes are out of the question: the runtime moves stacks, and finds a foreign
 * return address on them. Write needs none: it transfers all or the connection is dead.
 *
 *	(*Conn).Write	cmp rsp, [r14 + 16]	is there room on the stack?
 *			jbe …			arguments still in rax, rbx, rcx
 *
 * The branch is emulated by the kernel, the comparison would be single-stepped; where it is
 * taken the stack grows and the function starts again. Read hands its bytes over in one
 * place, by copying them:
 *
 *	(*Conn).Read	call runtime.memmove	to rax, from rbx, rcx bytes; the Conn where
 *						the prologue put it, 16 above rbp
 *
 * Where that cannot be made out, the entries and every RET of Read are observed; on arm64
 * always, where the kernel emulates RET and has no cheaper place.
 */
#ifndef LOCATE_GO_H
#define LOCATE_GO_H

#include "locate.h"

extern const struct locator go_by_section, go_by_search;

#endif
