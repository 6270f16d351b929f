// SPDX-License-Identifier: Apache-2.0
// An ordinary program with the official Node SDKs: sdk.mjs SPEC, the same JSON object as
// sdk.py takes. Calls run one after the other, or `parallel` at once.
import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';

const spec = JSON.parse(process.argv[2]);
const failures = [];
const tool = { name: 'tool_0', description: 'does it', parameters: { type: 'object', properties: {} } };

function start(client, call) {
	const text = 'hello ' + 'y'.repeat(call.bytes ?? 0);
	const model = spec.sdk === 'anthropic' ? 'claude-mock-4' : 'gpt-mock-4';
	const stream = call.stream === true ? { stream: true } : {};
	const options = { headers: { 'x-mock': call.mock ?? '' } };
	const messages = [{ role: 'user', content: text }];

	switch (call.api) {
	case 'messages':
		return client.messages.create({ model, max_tokens: 100, messages, ...stream,
			tools: [{ name: tool.name, input_schema: tool.parameters }] }, options);
	case 'responses':
		return client.responses.create({ model, input: text, ...stream,
			tools: [{ type: 'function', ...tool }] }, options);
	case 'embeddings':
		return client.embeddings.create({ model, input: [text, 'b'], encoding_format: 'float' }, options);
	default:
		return client.chat.completions.create({ model, messages, ...stream,
			...(call.stream ? { stream_options: { include_usage: true } } : {}),
			tools: [{ type: 'function', function: tool }] }, options);
	}
}

async function one(client, call) {
	try {
		const got = await start(client, call);
		if (call.stream)
			for await (const event of got)
				void event;
	} catch (e) {
		failures.push(`${e.constructor.name}: ${e.message}`);
	}
}

const client = spec.sdk === 'anthropic' ? new Anthropic() : new OpenAI();
const calls = Array.from({ length: spec.repeat ?? 1 }, () => spec.calls).flat();
const width = spec.parallel ?? 1;
for (let i = 0; i < calls.length; i += width)
	await Promise.all(calls.slice(i, i + width).map((c) => one(client, c)));
console.log(JSON.stringify({ pid: process.pid, failures }));
