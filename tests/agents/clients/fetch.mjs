// SPDX-License-Identifier: Apache-2.0
// LLM calls by the runtime's own fetch: BASE, CALLS, STREAM, and GO, a file to wait for before
// all calls but the first.
import { existsSync } from 'node:fs';

const { BASE, CALLS = '1', STREAM, GO } = process.env;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

for (let i = 0; i < Number(CALLS); i++) {
	for (let n = 0; i && GO && !existsSync(GO) && n < 6000; n++)
		await sleep(20);
	const body = { model: 'fetch-mock-1', messages: [{ role: 'user', content: 'hello' }] };
	const r = await fetch(BASE + '/v1/chat/completions', { method: 'POST',
		headers: { 'content-type': 'application/json', 'x-mock': 'cached=7,in=70,out=9' },
		body: JSON.stringify(STREAM ? { ...body, stream: true, stream_options: { include_usage: true } } : body) });
	await r.text();
	if (!r.ok)
		throw new Error('status ' + r.status);
}
