// SPDX-License-Identifier: Apache-2.0
// An agent with the Vercel AI SDK, against the provider that follows a plan. Prints the tree that
// the SDK's own telemetry tells, as frameworks.py does; its tracer is the few lines below.
import { AsyncLocalStorage } from 'node:async_hooks';
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, jsonSchema, stepCountIs, tool } from 'ai';

const KINDS = { 'ai.generateText': 'agent', 'ai.generateText.doGenerate': 'chat', 'ai.toolCall': 'tool' };
const within = new AsyncLocalStorage();
const spans = [];
const now = () => Math.round((performance.timeOrigin + performance.now()) * 1e6);

class Span {
	constructor(name, attributes) {
		Object.assign(this, { name, attributes: { ...attributes }, up: within.getStore(), start: now() });
		spans.push(this);
	}
	setAttribute(key, value) { this.attributes[key] = value; return this; }
	setAttributes(more) { Object.assign(this.attributes, more); return this; }
	addEvent() { return this; }
	addLink() { return this; }
	addLinks() { return this; }
	setStatus() { return this; }
	updateName() { return this; }
	recordException() {}
	isRecording() { return true; }
	spanContext() { return { traceId: '0'.repeat(31) + '1', spanId: '0'.repeat(15) + '1', traceFlags: 1 }; }
	end() { this.stop = now(); }
}

const tracer = {
	startSpan: (name, options) => new Span(name, options?.attributes),
	startActiveSpan(name, options, ...rest) {
		const span = new Span(name, options?.attributes);

		return within.run(span, () => rest.at(-1)(span));
	},
};
const openai = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL, apiKey: process.env.OPENAI_API_KEY });

await generateText({
	model: openai.chat('gpt-4o'),
	system: 'You are Verse. Do it.',
	prompt: 'Go. plan: read({"path":"a"}) read({"path":"b"}); read({"path":"c"}); done',
	stopWhen: stepCountIs(10),
	tools: {
		read: tool({
			description: 'Reads.',
			inputSchema: jsonSchema({ type: 'object', properties: { path: { type: 'string' } } }),
			execute: async ({ path }) => 'content of ' + path,
		}),
	},
	experimental_telemetry: { isEnabled: true, functionId: 'verse', tracer },
});

const kept = spans.filter((s) => KINDS[s.name]);
const name = (s) => s.attributes['ai.toolCall.name'] ?? (s.name === 'ai.generateText' ? 'verse' : s.name);
const parent = (s) => !s ? null : KINDS[s.name] ? kept.indexOf(s) : parent(s.up);

console.log(JSON.stringify(kept.map((s) => [KINDS[s.name], name(s), parent(s.up), s.start, s.stop])));
