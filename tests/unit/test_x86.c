/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"
#include "cleanup.h"
#include "locate/x86.h"

#include <errno.h>

#define CODE(s)                                                                                    \
	{                                                                                          \
		"" s, sizeof(s) - 1                                                                \
	}

/* Lengths as GNU objdump gives them. */
static const struct {
	const char *name;
	struct slice code;
	int want; /* length, or -errno */
} lengths[] = {
	{ "push rbp", CODE("\x55"), 1 },
	{ "push r14", CODE("\x41\x56"), 2 },
	{ "sub rsp, 0x18", CODE("\x48\x83\xec\x18"), 4 },
	{ "sub rsp, 0x1000", CODE("\x48\x81\xec\x00\x10\x00\x00"), 7 },
	{ "mov rax, fs:0x28", CODE("\x64\x48\x8b\x04\x25\x28\x00\x00\x00"), 9 },
	{ "mov [rsp+8], rax", CODE("\x48\x89\x44\x24\x08"), 5 },
	{ "mov eax, 1", CODE("\xb8\x01\x00\x00\x00"), 5 },
	{ "mov ax, 1", CODE("\x66\xb8\x01\x00"), 4 },
	{ "movabs rax, imm64", CODE("\x48\xb8\x01\x02\x03\x04\x05\x06\x07\x08"), 10 },
	{ "lea rdx, [rip+x]", CODE("\x48\x8d\x15\xd4\xe5\x04\x00"), 7 },
	{ "test byte [rbx+0x9f1], 1", CODE("\xf6\x83\xf1\x09\x00\x00\x01"), 7 },
	{ "neg dword [rbx]", CODE("\xf7\x1b"), 2 },
	{ "test eax, imm32", CODE("\xf7\xc0\x01\x00\x00\x00"), 6 },
	{ "cmpq [rdi+0x30], 0", CODE("\x48\x83\x7f\x30\x00"), 5 },
	{ "mov qword [rax], imm32", CODE("\x48\xc7\x00\x01\x00\x00\x00"), 7 },
	{ "imul eax, ecx, imm32", CODE("\x69\xc1\x01\x00\x00\x00"), 6 },
	{ "imul eax, ecx, imm8", CODE("\x6b\xc1\x03"), 3 },
	{ "call rel32", CODE("\xe8\x3d\xfe\xff\xff"), 5 },
	{ "call [rax+0x48]", CODE("\xff\x50\x48"), 3 },
	{ "jmp rax, notrack", CODE("\x3e\xff\xe0"), 3 },
	{ "jle rel8", CODE("\x7e\x03"), 2 },
	{ "jne rel32", CODE("\x0f\x85\x48\x01\x00\x00"), 6 },
	{ "cmovs eax, edx", CODE("\x0f\x48\xc2"), 3 },
	{ "endbr64", CODE("\xf3\x0f\x1e\xfa"), 4 },
	{ "nopw cs:[rax+rax]", CODE("\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00"), 10 },
	{ "movdqa xmm0, [rip+x]", CODE("\x66\x0f\x6f\x05\x01\x02\x03\x04"), 8 },
	{ "pshufd xmm0, xmm0, 0", CODE("\x66\x0f\x70\xc0\x00"), 5 },
	{ "pshufb xmm0, xmm1", CODE("\x66\x0f\x38\x00\xc1"), 5 },
	{ "palignr xmm0, xmm1, 8", CODE("\x66\x0f\x3a\x0f\xc1\x08"), 6 },
	{ "lock cmpxchg [rdi], esi", CODE("\xf0\x0f\xb1\x37"), 4 },
	{ "rep stos", CODE("\xf3\x48\xab"), 3 },
	{ "ret", CODE("\xc3"), 1 },
	{ "ret imm16", CODE("\xc2\x08\x00"), 3 },
	{ "vzeroupper", CODE("\xc5\xf8\x77"), 3 },
	{ "vmovups [rdi + disp32], ymm0", CODE("\xc5\xfc\x11\x87\x88\x00\x00\x00"), 8 },
	{ "vpshufd xmm0, xmm1, 8", CODE("\xc5\xf9\x70\xc1\x08"), 5 },
	{ "andn eax, ebx, ecx", CODE("\xc4\xe2\x60\xf2\xc1"), 5 },
	{ "rorx rax, rbx, 5", CODE("\xc4\xe3\xfb\xf0\xc3\x05"), 6 },
	{ "vmovups zmm0, [rdi]", CODE("\x62\xf1\x7c\x48\x10\x07"), 6 },
	{ "vpternlogd zmm0, zmm1, [rdi + disp8], 9", CODE("\x62\xf3\x75\x48\x25\x47\x01\x09"), 8 },
	{ "vprotd xmm5, xmm4, 14", CODE("\x8f\xe8\x78\xc2\xec\x0e"), -EBADMSG },
	{ "vex of no map", CODE("\xc4\xe0\x60\xf2\xc1"), -EBADMSG },
	{ "vex behind rex", CODE("\x48\xc5\xf8\x77"), -EBADMSG },
	{ "data16 data16 rex.W call", CODE("\x66\x66\x48\xe8\x00\x00\x00\x00"), 8 },
	{ "addr32 call", CODE("\x67\xe8\x00\x00\x00\x00"), 6 },
	{ "jle rel16", CODE("\x66\x0f\x8e\x00\x00\x00\x00"), -EBADMSG },
	{ "push es", CODE("\x06"), -EBADMSG },
	{ "prefixes only", CODE("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66"),
	  -EBADMSG },
};

TEST(instructions_have_their_length)
{
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		struct x86_insn insn = { 0 };
		char padded[32] = { 0 };
		int r;

		test_row("%s", lengths[i].name);
		memcpy(padded, lengths[i].code.data, lengths[i].code.len);
		r = x86_decode((struct slice){ padded, sizeof(padded) }, &insn);
		CHECK_INT(r ? r : insn.len, lengths[i].want);
	}
}

/* Every shorter prefix of an instruction asks for more, and touches nothing behind it. */
TEST(cut_instructions_are_incomplete)
{
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		for (size_t n = 0; lengths[i].want > 0 && n < lengths[i].code.len; n++) {
			struct x86_insn insn = { 0 };
			char *exact = malloc(n + 1);

			test_row("%s, %zu bytes", lengths[i].name, n);
			memcpy(exact + 1, lengths[i].code.data, n);
			CHECK_INT(x86_decode((struct slice){ exact + 1, n }, &insn), -EAGAIN);
			free(exact);
		}
	}
}

static struct x86_insn decoded(struct slice code)
{
	struct x86_insn insn = { 0 };

	CHECK_INT(x86_decode(code, &insn), 0);
	return insn;
}

TEST(kinds)
{
	struct x86_insn i = decoded(SLICE("\xe8\x3d\xfe\xff\xff"));

	CHECK(x86_is_call(&i) && !x86_is_branch(&i) && !x86_is_push(&i));
	CHECK_INT(i.rel, -0x1c3);
	i = decoded(SLICE("\x7e\x03"));
	CHECK(x86_is_branch(&i) && !x86_is_jump(&i));
	CHECK_INT(i.rel, 3);
	i = decoded(SLICE("\x0f\x8e\xf0\xff\xff\xff"));
	CHECK(x86_is_branch(&i));
	CHECK_INT(i.rel, -16);
	i = decoded(SLICE("\xeb\xac"));
	CHECK(x86_is_jump(&i));
	i = decoded(SLICE("\x41\x56"));
	CHECK(x86_is_push(&i));
	i = decoded(SLICE("\xf3\x0f\x1e\xfa"));
	CHECK(x86_is_endbr64(&i));
	i = decoded(SLICE("\x85\xc0"));
	CHECK(x86_is_test_eax(&i));
	i = decoded(SLICE("\x48\x85\xc0")); /* rax */
	CHECK(!x86_is_test_eax(&i));
	i = decoded(SLICE("\x85\xd2")); /* edx */
	CHECK(!x86_is_test_eax(&i));
	i = decoded(SLICE("\xc3"));
	CHECK(x86_is_return(&i));
}

TEST(addresses_on_the_stack)
{
	static const struct {
		const char *name;
		struct slice code;
		int want;
	} rows[] = {
		{ "mov rcx, rsp", CODE("\x48\x89\xe1"), 1 },
		{ "mov r8, rsp", CODE("\x49\x89\xe0"), 8 },
		{ "mov rcx, rsp, other form", CODE("\x48\x8b\xcc"), 1 },
		{ "lea rcx, [rsp+8]", CODE("\x48\x8d\x4c\x24\x08"), 1 },
		{ "lea rcx, [rbp-0x58]", CODE("\x48\x8d\x4d\xa8"), 1 },
		{ "lea r8, [rsp+0x10]", CODE("\x4c\x8d\x44\x24\x10"), 8 },
		{ "lea r8, [rbp-0x10]", CODE("\x4c\x8d\x45\xf0"), 8 },
		{ "lea rcx, [rip+8]", CODE("\x48\x8d\x0d\x08\x00\x00\x00"), -1 },
		{ "lea rcx, [r13+8]", CODE("\x49\x8d\x4d\x08"), -1 },
		{ "lea rcx, [rdi+8]", CODE("\x48\x8d\x4f\x08"), -1 },
		{ "lea rcx, [rax+rcx*8]", CODE("\x48\x8d\x0c\xc8"), -1 },
		{ "lea rcx, [rsp+rax]", CODE("\x48\x8d\x0c\x04"), -1 },
		{ "mov rcx, rax", CODE("\x48\x89\xc1"), -1 },
		{ "mov rcx, r12", CODE("\x4c\x89\xe1"), -1 },
		{ "mov ecx, esp", CODE("\x89\xe1"), -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct x86_insn insn = decoded(rows[i].code);

		test_row("%s", rows[i].name);
		CHECK_INT(x86_stack_address(&insn), rows[i].want);
	}
}
