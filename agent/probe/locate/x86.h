/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instruction boundaries of x86-64 code, as far as compilers emit it: enough to walk a
 * function from its first byte and to know calls, jumps and pushes. Not a disassembler:
 * what it does not know (far and privileged forms) it refuses, and the caller
 * gives up. A probe put between two boundaries would corrupt the program, so nothing may
 * be guessed here.
 *
 * Format: Intel SDM volume 2, chapter 2 and appendix A.
 */
#ifndef LOCATE_X86_H
#define LOCATE_X86_H

#include "elf.h"

struct x86_insn {
	uint8_t len;
	bool rex_w;
	bool has_modrm;
	uint8_t rex;	 /* 0 when there is none */
	uint8_t modrm;	 /* valid with has_modrm */
	uint8_t sib;	 /* 0 when there is none */
	uint16_t opcode; /* 0x0fNN, 0x38NN and 0x3aNN for the longer ones */
	bool refused;	 /* a prefix for which the kernel refuses a uprobe (lock, es, cs, ss, ds) */
	bool vector;	 /* a VEX or EVEX prefix: AVX */
	int64_t imm;	 /* 0 when there is none */
	int64_t disp;	 /* of the memory operand; 0 when there is none */
	int32_t rel;	 /* of a near call or jump: target = end + rel */
};

/* The instruction at the start of code: 0; -EAGAIN when cut off; -EBADMSG when unknown. */
int x86_decode(struct slice code, struct x86_insn *ret);

bool x86_is_call(const struct x86_insn *i);   /* call rel32 */
bool x86_is_jump(const struct x86_insn *i);   /* jmp rel8, rel32 */
bool x86_is_branch(const struct x86_insn *i); /* conditional */
bool x86_is_push(const struct x86_insn *i);   /* of a register */
bool x86_is_return(const struct x86_insn *i); /* near */
bool x86_is_endbr64(const struct x86_insn *i);
/* `test eax, eax`, the look at an int result. */
bool x86_is_test_eax(const struct x86_insn *i);
/* Puts an address on the stack (rsp or rbp, plus something) into a register: its number
 * (1 rcx, 8 r8 …), or -1. */
int x86_stack_address(const struct x86_insn *i);

/* False: the kernel would refuse a probe there. Some assemblers fill up with cs prefixes. */
bool x86_can_probe(const struct elf *e, uint64_t vaddr);
/* Where an entry probe on the function is cheapest: past an endbr64 that a push follows.
 * *ret_cheap (NULL: not asked): it is a push. The return address is on top of the stack in
 * either place. Of another machine: the function itself. */
uint64_t x86_entry(const struct elf *e, uint64_t vaddr, bool *ret_cheap);

#endif
