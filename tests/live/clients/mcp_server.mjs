// SPDX-License-Identifier: Apache-2.0
// The server of mcp_server.py over the official SDK for TypeScript: over standard streams, or "http PORT".
import { randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { z } from 'zod'

const server = new McpServer({ name: 'tester', version: '1' })
const now = () => Math.round((performance.timeOrigin + performance.now()) * 1e6)
const log = (name, began) => process.env.MCP_LOG && appendFileSync(process.env.MCP_LOG, JSON.stringify([name, began, now()]) + '\n')

server.registerTool('read', { inputSchema: { path: z.string() } }, async ({ path }) => {
  const began = now()
  await new Promise(done => setTimeout(done, 100))
  log('read', began)
  return { content: [{ type: 'text', text: 'contents of ' + path }] }
})
server.registerTool('fail', { inputSchema: { path: z.string() } }, async ({ path }) => {
  log('fail', now())
  throw new Error('no such file: ' + path)
})
if (process.argv[2] === 'http') {
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID })
  await server.connect(transport)
  createServer((request, response) => transport.handleRequest(request, response)).listen(Number(process.argv[3]), '127.0.0.1')
} else {
  await server.connect(new StdioServerTransport())
}
