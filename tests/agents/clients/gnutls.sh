#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# LLM calls by gnutls-cli, with BASE, CALLS, STREAM and GO as fetch.mjs has them; a process for each,
# which sends WAIT seconds after its start.
address=${BASE#https://}
more=
[ -z "$STREAM" ] || more=',"stream":true,"stream_options":{"include_usage":true}'
body='{"model":"gnutls-mock-1","messages":[]'$more'}'
i=0
while [ $i -lt "${CALLS:-1}" ]; do
	n=0
	while [ $i -gt 0 ] && [ -n "$GO" ] && [ ! -e "$GO" ] && [ $n -lt 2400 ]; do
		sleep 0.05
		n=$((n + 1))
	done
	{
		sleep "${WAIT:-0}"
		printf 'POST /v1/chat/completions HTTP/1.1\r\nhost: %s\r\ncontent-type: application/json\r\n' "$address"
		printf 'x-mock: cached=7,in=70,out=9\r\ncontent-length: %d\r\n\r\n%s' ${#body} "$body"
		sleep "${LINGER:-0.5}"
	} | gnutls-cli --logfile=/dev/null --x509cafile="$SSL_CERT_FILE" -p "${address#*:}" "${address%:*}" >/dev/null || exit 1
	i=$((i + 1))
done
