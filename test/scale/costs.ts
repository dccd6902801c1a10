/** What a node costs by two looks at its process, and what one of many costs that share it. Pure. */
import type { Figures, ProtocolFigures, Traffic } from './meter.ts'

/** One look. */
export interface Moment extends Figures {
  atMs: number
}

/** What one node costs while nothing happens: a mean of all of its kind. */
export interface NodeCost {
  /** Of one processor. */
  cpuPercent: number
  /** Of a light worker, its share beyond what a process without workers has. */
  heapBytes: number
  rssBytes: number
  /** TCP sockets; of a light worker, its connections. */
  connections: number
  /** Written to streams in a minute, and read from them. */
  messages: Traffic
  /** Through sockets in a minute. */
  bytes: Traffic
  /** Messages and bytes of each protocol in a minute. */
  protocols: Record<string, ProtocolFigures>
}

const MINUTE_MS = 60_000
const NOTHING: Traffic = { in: 0, out: 0 }

export function costsOf(before: readonly Moment[], after: readonly Moment[]): NodeCost[] {
  return after.map((now, index) => costOf(before[index] as Moment, now))
}

function costOf(before: Moment, now: Moment): NodeCost {
  const tookMs = now.atMs - before.atMs
  const perMinute = (earlier: Traffic, later: Traffic): Traffic => ({
    in: ((later.in - earlier.in) * MINUTE_MS) / tookMs,
    out: ((later.out - earlier.out) * MINUTE_MS) / tookMs
  })
  const protocols = Object.entries(now.protocols).map(([name, { bytes, messages }]) => {
    const earlier = before.protocols[name] ?? { bytes: NOTHING, messages: NOTHING }
    return [
      name,
      {
        bytes: perMinute(earlier.bytes, bytes),
        messages: perMinute(earlier.messages, messages)
      }
    ] as const
  })
  return {
    cpuPercent: ((now.cpuMs - before.cpuMs) / tookMs) * 100,
    heapBytes: now.heapBytes,
    rssBytes: now.rssBytes,
    connections: now.sockets,
    messages: sumOf(protocols.map(([, { messages }]) => messages)),
    bytes: perMinute(before.socketBytes, now.socketBytes),
    protocols: Object.fromEntries(protocols)
  }
}

function sumOf(parts: readonly Traffic[]): Traffic {
  return parts.reduce((sum, part) => ({ in: sum.in + part.in, out: sum.out + part.out }), NOTHING)
}

function scaled({ in: incoming, out }: Traffic, factor: number): Traffic {
  return { in: incoming * factor, out: out * factor }
}

/** Of nodes of one kind. */
export function mean(all: readonly NodeCost[]): NodeCost {
  const part = 1 / all.length
  const names = new Set(all.flatMap(({ protocols }) => Object.keys(protocols)))
  const meanOf = (figure: (cost: NodeCost) => Traffic | undefined): Traffic =>
    scaled(sumOf(all.map((cost) => figure(cost) ?? NOTHING)), part)
  const meanNumber = (figure: (cost: NodeCost) => number): number =>
    all.reduce((sum, cost) => sum + figure(cost), 0) * part
  return {
    cpuPercent: meanNumber(({ cpuPercent }) => cpuPercent),
    heapBytes: meanNumber(({ heapBytes }) => heapBytes),
    rssBytes: meanNumber(({ rssBytes }) => rssBytes),
    connections: meanNumber(({ connections }) => connections),
    messages: meanOf(({ messages }) => messages),
    bytes: meanOf(({ bytes }) => bytes),
    protocols: Object.fromEntries(
      [...names].map((name) => [
        name,
        {
          messages: meanOf(({ protocols }) => protocols[name]?.messages),
          bytes: meanOf(({ protocols }) => protocols[name]?.bytes)
        }
      ])
    )
  }
}

export interface Sharing {
  perProcess: number
  /** The same processes before any worker was there. */
  empty: readonly Moment[]
  /** Of each worker. */
  connections: readonly number[]
}

/** Of one light worker among those of a process. */
export function shareOf(process: NodeCost, { connections, empty, perProcess }: Sharing): NodeCost {
  const part = 1 / perProcess
  const ofEmpty = (figure: (moment: Moment) => number): number =>
    empty.reduce((sum, moment) => sum + figure(moment), 0) / empty.length
  return {
    cpuPercent: process.cpuPercent * part,
    heapBytes: (process.heapBytes - ofEmpty(({ heapBytes }) => heapBytes)) * part,
    rssBytes: (process.rssBytes - ofEmpty(({ rssBytes }) => rssBytes)) * part,
    connections: connections.reduce((sum, count) => sum + count, 0) / connections.length,
    messages: scaled(process.messages, part),
    bytes: scaled(process.bytes, part),
    protocols: Object.fromEntries(
      Object.entries(process.protocols).map(([name, { bytes, messages }]) => [
        name,
        { bytes: scaled(bytes, part), messages: scaled(messages, part) }
      ])
    )
  }
}
