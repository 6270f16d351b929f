#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# LLM calls by curl, with BASE, CALLS, STREAM and GO as fetch.mjs has them; a process for each,
# WAIT seconds after its start.
more=
[ -z "$STREAM" ] || more=',"stream":true,"stream_options":{"include_usage":true}'
i=0
while [ $i -lt "${CALLS:-1}" ]; do
	{
		sleep "${WAIT:-0}"
		printf '{"model":"curl-mock-1","messages":[]%s}' "$more"
	} | curl -sSf -o /dev/null -H 'content-type: application/json' -H 'x-mock: cached=7,in=70,out=9' -d @- "$BASE/v1/chat/completions" || exit 1
	i=$((i + 1))
done
