/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS-LC's AEAD functions, by which rustls encrypts and decrypts whole TLS records. Rust
 * programs are stripped and nothing of rustls has a fixed form, but these are C functions
 * with arguments by the ABI, and they report errors: by number and source file, like
 * BoringSSL, from which they come (crypto/fipsmodule/cipher/aead.c, include/openssl/cipher.h):
 *
 *	EVP_AEAD_CTX_seal		TOO_LARGE (117), BUFFER_TOO_SMALL (103)
 *	EVP_AEAD_CTX_seal_scatter	INVALID_OPERATION (112), OUTPUT_ALIASES_INPUT (115)
 *	EVP_AEAD_CTX_open		BAD_DECRYPT (101), BUFFER_TOO_SMALL (103)
 *	EVP_AEAD_CTX_open_gather	CTRL_NOT_IMPLEMENTED (104), OUTPUT_ALIASES_INPUT (115)
 *
 * bpf/rustls.bpf.c tells TLS from other uses by the additional data of a call. A file with
 * BoringSSL's own TLS is observed there.
 */
#ifndef LOCATE_AWSLC_H
#define LOCATE_AWSLC_H

#include "locate.h"

extern const struct locator awslc_by_errors;

#endif
