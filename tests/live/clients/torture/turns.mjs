// SPDX-License-Identifier: Apache-2.0
// As turns.py, for the runtimes of JavaScript: exceptions through async frames, parallel calls, much
// garbage, functions that are compiled anew.
import { existsSync } from 'node:fs';

const { BASE, STOP, TURNS } = process.env;
const turns = Number(TURNS), PRIME = 0x100000001b3n, MASK = (1n << 64n) - 1n;
let sum = 0xcbf29ce484222325n, n = 0;

const add = (text) => {
	for (let i = 0; i < text.length; i += 50)
		sum = (sum ^ BigInt(text.charCodeAt(i))) * PRIME & MASK;
};

async function call(i) {
	const r = await fetch(BASE + '/v1/chat/completions', { method: 'POST', headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ model: 'torture', messages: [], n: i }) });
	throw new Error(await r.text());
}

async function thrown(i) {
	try {
		return await new Function('call', 'i', 'return call(i) /* ' + i + ' */')(call, i);
	} catch (e) {
		return e.message;
	}
}

for (; turns ? n < turns : !existsSync(STOP); n++) {
	add(await thrown(n));
	if (n % 20 === 19)
		add((await Promise.all(Array.from({ length: 16 }, (_, i) => thrown(n * 100 + i)))).join(''));
}
console.log(n, sum.toString(16).padStart(16, '0'));
