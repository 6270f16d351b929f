// SPDX-License-Identifier: Apache-2.0
// The server of mcp_server.py over the official SDK for TypeScript; standard streams only.
import { appendFileSync } from 'node:fs'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
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
await server.connect(new StdioServerTransport())
