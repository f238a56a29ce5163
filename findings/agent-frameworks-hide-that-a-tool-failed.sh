#!/usr/bin/env bash
# One would guess: when an MCP tool's result has isError true, the model of an agent framework learns that the tool
# failed; and when the server answers with a protocol error, the model reads its message.
#
# What happens in the four big frameworks for TypeScript (checked 2026-12-01): Vercel's AI SDK (@ai-sdk/mcp 1.0.102) and
# OpenAI Agents (0.20.0) hand on the text and drop isError, so that "deleted nothing" may read like a success; OpenAI
# Agents puts "Please try again" in the place of a protocol error, whatever it said. Mastra (0.14.5) drops both isError and the
# text where the result has structured content. Only LangChain (1.1.4) raises. A server has to say in the words of
# both text and object that something went wrong, and that it must not be repeated.
#
# Usage: findings/agent-frameworks-hide-that-a-tool-failed.sh   (needs npm; exits 1 when the behaviour changes)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit @modelcontextprotocol/sdk@1.32.2 zod@4 \
  @ai-sdk/mcp@1.0.102 @openai/agents@0.20.0 @langchain/mcp-adapters@1.1.4 @langchain/core@1 @langchain/langgraph@1 @mastra/mcp@0.14.5
npm ls --depth 0 2>/dev/null | grep -E 'sdk|agents|adapters|mastra'
cat > server.mjs <<'JS'
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';

const content = [{ type: 'text', text: 'the text' }];
const structuredContent = { verdict: 'the object' };
const outputSchema = { type: 'object', properties: { verdict: { type: 'string' } }, required: ['verdict'] };
const results = {
  failed: () => ({ isError: true, content }),
  failed_with_object: () => ({ isError: true, content, structuredContent }),
  refused: () => { throw Object.assign(new Error('no such thing'), { code: -32602 }); },
};
const server = new Server({ name: 'finding', version: '1' }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, () => ({
  tools: Object.keys(results).map((name) => ({ name, inputSchema: { type: 'object' }, outputSchema })),
}));
server.setRequestHandler(CallToolRequestSchema, (request) => results[request.params.name]());
await server.connect(new StdioServerTransport());
JS
cat > main.mjs <<'JS'
import { createMCPClient } from '@ai-sdk/mcp';
import { Experimental_StdioMCPTransport as StdioTransport } from '@ai-sdk/mcp/mcp-stdio';
import { MultiServerMCPClient } from '@langchain/mcp-adapters';
import { MCPClient } from '@mastra/mcp';
import { MCPServerStdio, RunContext, getAllMcpTools } from '@openai/agents';

const server = { command: 'node', args: ['server.mjs'] };
const names = process.argv.slice(2);

// show prints what a framework hands on to its model for each tool.
async function show(framework, call) {
  for (const name of names) {
    let seen;
    try {
      seen = await call(name);
    } catch (error) {
      seen = `throws: ${error.message}`;
    }
    console.log(`${framework}, ${name}: ${typeof seen === 'string' ? seen : JSON.stringify(seen)}`);
  }
}

const vercel = await createMCPClient({ transport: new StdioTransport(server) });
const vercelTools = await vercel.tools();
await show('Vercel AI SDK', async (name) => {
  const tool = vercelTools[name];
  const output = await tool.execute({}, { messages: [], toolCallId: '1' });
  return (await tool.toModelOutput({ output, toolCallId: '1', input: {} })).value;
});

const openai = new MCPServerStdio(server);
await openai.connect();
const openaiTools = await getAllMcpTools({ mcpServers: [openai] });
await show('OpenAI Agents', (name) => openaiTools.find((tool) => tool.name === name).invoke(new RunContext(), '{}'));

const langchain = new MultiServerMCPClient({ finding: { transport: 'stdio', ...server } });
const langchainTools = await langchain.getTools();
await show('LangChain', async (name) => {
  const tool = langchainTools.find((one) => one.name === name);
  return (await tool.invoke({ type: 'tool_call', id: '1', name, args: {} })).content;
});

const mastra = new MCPClient({ servers: { finding: server } });
const mastraTools = await mastra.getTools();
await show('Mastra', (name) => mastraTools[`finding_${name}`].execute({}, {}));

await Promise.all([vercel.close(), openai.close(), langchain.close(), mastra.disconnect()]);
JS
timeout 120 node main.mjs failed failed_with_object refused 2>/dev/null | grep -E '^(Vercel|OpenAI|LangChain|Mastra)' | tee seen

diff - seen <<'WANT' || { echo "the behaviour has changed" >&2; exit 1; }
Vercel AI SDK, failed: [{"type":"text","text":"the text"}]
Vercel AI SDK, failed_with_object: [{"type":"text","text":"the text"}]
Vercel AI SDK, refused: throws: no such thing
OpenAI Agents, failed: {"type":"text","text":"the text"}
OpenAI Agents, failed_with_object: {"type":"text","text":"the text"}
OpenAI Agents, refused: An error occurred while running the tool. Please try again.
LangChain, failed: throws: MCP tool 'failed' on server 'finding' returned an error: the text
LangChain, failed_with_object: throws: MCP tool 'failed_with_object' on server 'finding' returned an error: the text
LangChain, refused: throws: Error calling tool refused: McpError: MCP error -32602: no such thing
Mastra, failed: {"content":[{"type":"text","text":"the text"}],"isError":true}
Mastra, failed_with_object: {"verdict":"the object"}
Mastra, refused: throws: MCP error -32602: no such thing
WANT
