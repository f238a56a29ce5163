#!/usr/bin/env bash
# One would guess: of an MCP result with text and structuredContent the model gets at least one, and the same one
# whichever framework stands between.
#
# What happens (checked 2026-12-01): Vercel's AI SDK (@ai-sdk/mcp 1.0.102) and OpenAI Agents (0.20.0) give the model the
# text, Mastra (0.14.5, as all here the newest for Node 20) the object, LangChain (1.1.4) one line of JSON with both, the text escaped in it. A result with
# an object alone is nothing at all in the first two and in LangChain, where the object is put aside as an artifact that
# no model sees. MCP says that text SHOULD repeat the object; whoever leaves it out talks to Mastra alone. A result
# without the object that the tool's schema promises is an error in all but the first.
#
# Usage: findings/agent-frameworks-disagree-about-structured-content.sh   (needs npm; exits 1 when the behaviour changes)
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
  both: () => ({ content, structuredContent }),
  object_only: () => ({ content: [], structuredContent }),
  text_only: () => ({ content }),
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
timeout 120 node main.mjs both object_only text_only 2>/dev/null | grep -E '^(Vercel|OpenAI|LangChain|Mastra)' | tee seen

diff - seen <<'WANT' || { echo "the behaviour has changed" >&2; exit 1; }
Vercel AI SDK, both: [{"type":"text","text":"the text"}]
Vercel AI SDK, object_only: []
Vercel AI SDK, text_only: [{"type":"text","text":"the text"}]
OpenAI Agents, both: {"type":"text","text":"the text"}
OpenAI Agents, object_only: []
OpenAI Agents, text_only: An error occurred while running the tool. Please try again.
LangChain, both: {"type":"text","text":"the text","structuredContent":{"verdict":"the object"}}
LangChain, object_only: []
LangChain, text_only: throws: Error calling tool text_only: McpError: MCP error -32600: Tool text_only has an output schema but did not return structured content
Mastra, both: {"verdict":"the object"}
Mastra, object_only: {"verdict":"the object"}
Mastra, text_only: throws: MCP error -32600: Tool text_only has an output schema but did not return structured content
WANT
