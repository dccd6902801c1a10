/**
 * A small web service about texts that is also a worker: whoever asks it over HTTP gets an answer, and what
 * time it has left it lends to the mesh.
 *
 *   npx taskmesh up
 *   npx node examples/embedded-worker/server.js
 *   npx taskmesh job run examples/embedded-worker/job.json
 *   curl --data 'How long does it take to read this?' http://127.0.0.1:8090/
 *
 * each in a terminal of its own. In a project that has installed taskmesh the same lines work as they are.
 */
import { createServer } from 'node:http'
import { createWorker, defineFunction } from 'taskmesh'
import { textStats } from './text-stats.js'

const {
  PORT = '8090',
  TASKMESH_BOOTSTRAP = '/ip4/127.0.0.1/tcp/51820',
  TASKMESH_NAMESPACE = 'default',
  TASKMESH_HOME = '~/.taskmesh'
} = process.env

const TEXT_BYTES_MAX = 1_048_576

const calls = { completed: 0, failed: 0 }

const worker = await createWorker({
  name: 'text-service',
  home: TASKMESH_HOME,
  bootstrap: TASKMESH_BOOTSTRAP,
  namespace: TASKMESH_NAMESPACE,
  slots: 2,
  functions: {
    // Quick, so it may run here, beside the web server.
    'text-stats': defineFunction({
      schema: {
        type: 'object',
        required: ['text'],
        additionalProperties: false,
        properties: { text: { type: 'string', description: 'the text itself, not where it lies' } }
      },
      run: ({ text }, { log }) => {
        log(`a text of ${text.length} characters`)
        return textStats(text)
      }
    }),
    // Computes for long, so it gets threads of its own.
    'near-duplicates': {
      module: new URL('./near-duplicates.js', import.meta.url),
      schema: {
        type: 'object',
        required: ['texts'],
        properties: {
          texts: { type: 'array', items: { type: 'string' }, maxItems: 10_000 },
          threshold: { type: 'number', minimum: 0, maximum: 1 }
        }
      },
      concurrency: 2,
      memory: '256MiB',
      timeout: '10m'
    }
  },
  onFunctionEvent: (event) => {
    if (event.type === 'started') return
    calls[event.type] += 1
    console.log(`${event.name} ${event.type} after ${event.wallMs.toFixed(0)} ms`)
    if (event.type === 'failed') console.error(event.error)
  }
})

const server = createServer((request, response) => {
  answer(request)
    .then((body) => response.setHeader('content-type', 'application/json').end(body))
    .catch((error) => response.writeHead(400).end(`${error.message}\n`))
})
server.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/ is also worker ${worker.peerId}`)
})

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, end)

/** A text gets its figures, a visitor those of the worker. */
async function answer(request) {
  const figures = request.method === 'POST' ? textStats(await textOf(request)) : calls
  return `${JSON.stringify(figures)}\n`
}

async function textOf(request) {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > TEXT_BYTES_MAX) throw new Error('that is too long a text')
  }
  return text
}

/** Tasks that still run may finish, or go on elsewhere. */
async function end() {
  server.close()
  await worker.stop()
}
