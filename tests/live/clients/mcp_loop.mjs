// SPDX-License-Identifier: Apache-2.0
// The client of mcp_loop.py over the official SDKs for TypeScript: mcp_loop.mjs PLAN SERVER… | http URL
import OpenAI from 'openai'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

const [plan, how, ...rest] = process.argv.slice(2)
const now = () => Math.round((performance.timeOrigin + performance.now()) * 1e6)
const mcp = new Client({ name: 'tester', version: '1' })
await mcp.connect(how === 'http' ? new StreamableHTTPClientTransport(new URL(rest[0]))
  : new StdioClientTransport({ command: how, args: rest, env: { ...process.env } }))
const tools = (await mcp.listTools()).tools.map(t => ({ type: 'function', function: { name: t.name, parameters: { type: 'object' } } }))
const models = new OpenAI({ maxRetries: 0 }), did = []
const messages = [{ role: 'system', content: 'You are Tester. Test.' }, { role: 'user', content: 'Please do it. plan:' + plan }]
for (;;) {
  const m = (await models.chat.completions.create({ model: 'gpt-4o', messages, tools })).choices[0].message
  if (!m.tool_calls?.length)
    break
  messages.push(m)
  messages.push(...await Promise.all(m.tool_calls.map(async t => {
    const began = now()
    const r = await mcp.callTool({ name: t.function.name, arguments: JSON.parse(t.function.arguments) })
    did.push([t.function.name, Boolean(r.isError), began, now()])
    return { role: 'tool', tool_call_id: t.id, content: r.content[0]?.text ?? '' }
  })))
}
await mcp.close()
console.log(JSON.stringify({ tools: did }))
