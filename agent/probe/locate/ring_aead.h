/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions by which ring (Rust) encrypts and decrypts whole TLS records under rustls.
 * They have no symbols in stripped files, no strings, and arguments by Rust's own rules, but
 * they are called through constants of this type (ring: src/aead/algorithm.rs, src/aead.rs of
 * 0.16), which no optimisation takes apart:
 *
 *	struct Algorithm { init: fn, seal: fn, open: fn, key_len: usize, [max_input_len: u64,]
 *			   id: AES_128_GCM | AES_256_GCM | CHACHA20_POLY1305 }
 *
 * The compiler keeps the order of fields of one size. Two of the constants, for keys of 16 and
 * of 32 bytes and with ids 0 and 1, share seal and open and differ in init: that is ring. The
 * third may be missing.
 *
 * Which arguments are what is found out by bpf/ring.bpf.c, from the first record that passes.
 */
#ifndef LOCATE_RING_AEAD_H
#define LOCATE_RING_AEAD_H

#include "locate.h"

extern const struct locator ring_by_table;

#endif
