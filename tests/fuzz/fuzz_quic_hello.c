/* SPDX-License-Identifier: Apache-2.0 */
/* A datagram, as any process may send it. */
#include "quic_hello.h"

#include "fuzz.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice datagram = { (const char *)data, size };
	struct tls_hello hello;
	int r = quic_hello_parse(datagram, &hello);

	REQUIRE(!r || r == -EAGAIN || r == -EBADMSG);
	if (!quic_is_initial(datagram))
		REQUIRE(r == -EBADMSG && !hello.sni[0]);
	return 0;
}
