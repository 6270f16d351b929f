// SPDX-License-Identifier: Apache-2.0
// An ordinary program with the Vercel AI SDK: vercel.mjs SPEC, a JSON list of
// {"api": "chat"|"responses", "stream": true, "mock": "k=v,k=v"}.
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, streamText } from 'ai';

const openai = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL, apiKey: process.env.OPENAI_API_KEY });

for (const call of JSON.parse(process.argv[2])) {
	const ask = {
		model: call.api === 'chat' ? openai.chat('gpt-mock-4') : openai.responses('gpt-mock-4'),
		prompt: 'hello',
		maxRetries: 0,
		headers: { 'x-mock': call.mock ?? '' },
	};

	if (call.stream)
		for await (const text of streamText(ask).textStream)
			void text;
	else
		await generateText(ask);
}
