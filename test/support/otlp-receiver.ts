/** A collector: takes traces by OTLP over HTTP, as JSON, and remembers their spans. */
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import type { AddressInfo } from 'node:net'
import type { IncomingMessage, ServerResponse } from 'node:http'

type Attribute = { key: string; value: Record<string, string | number | boolean> }

export interface ReceivedSpan {
  service: string
  role: string
  name: string
  traceId: string
  spanId: string
  parentSpanId: string | undefined
  fields: Readonly<Record<string, string>>
  startMs: number
  endMs: number
  isError: boolean
}

export interface OtlpReceiver {
  url: string
  spans: ReceivedSpan[]
  /** What it answers. */
  status: number
  stop: () => Promise<void>
}

interface Export {
  resourceSpans: {
    resource: { attributes: Attribute[] }
    scopeSpans: { spans: OtlpSpan[] }[]
  }[]
}

interface OtlpSpan {
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
  attributes: Attribute[]
  startTimeUnixNano: string
  endTimeUnixNano: string
  status: { code: number }
}

const NS_PER_MS = 1_000_000n
const ERROR = 2

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = []
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  const receiver: OtlpReceiver = { url: '', spans, status: 200, stop }
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { resourceSpans } = (await json(request)) as Export
    for (const { resource, scopeSpans } of resourceSpans) {
      const own = valuesOf(resource.attributes)
      for (const span of scopeSpans.flatMap((scope) => scope.spans)) spans.push(received(own, span))
    }
    response.statusCode = receiver.status
    response.setHeader('content-type', 'application/json').end('{}')
  }
  const server = createServer((request, response) => void take(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  receiver.url = `http://127.0.0.1:${port}`
  return receiver
}

function received(own: Readonly<Record<string, string>>, span: OtlpSpan): ReceivedSpan {
  const { name, parentSpanId, spanId, traceId } = span
  return {
    service: own['service.name'] ?? '',
    role: own['taskmesh.role'] ?? '',
    name,
    traceId,
    spanId,
    parentSpanId,
    fields: valuesOf(span.attributes),
    startMs: Number(BigInt(span.startTimeUnixNano) / NS_PER_MS),
    endMs: Number(BigInt(span.endTimeUnixNano) / NS_PER_MS),
    isError: span.status.code === ERROR
  }
}

function valuesOf(attributes: readonly Attribute[]): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, String(Object.values(value)[0])])
  )
}
