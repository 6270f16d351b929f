// SPDX-License-Identifier: Apache-2.0
// chat_server.py's application on Node's own HTTP server: chat_server.mjs PORT
import http from 'node:http';
import OpenAI from 'openai';

const client = new OpenAI({ maxRetries: 0 });

http.createServer(async (request, response) => {
	let body = '';

	for await (const piece of request)
		body += piece;
	const { message, tag } = JSON.parse(body);
	const got = await client.chat.completions.create({ model: 'gpt-4o', messages: [
		{ role: 'user', content: `${message} tag:${tag}` }] });
	response.end(got.choices[0].message.content);
}).listen(Number(process.argv[2]), '127.0.0.1');
