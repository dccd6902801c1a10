/**
 * What a check of the doctor is: it looks at facts of this machine, changes nothing, and says of each thing that is
 * wrong what it is, why that matters, and what to type.
 */
import type { MeshFacts } from '../survey/facts.ts'

/** `problem`: something is broken, or a secret is open. `warning`: it may become so. `note`: good to know. */
export type Severity = 'problem' | 'warning' | 'note'

export interface Finding {
  readonly severity: Severity
  readonly what: string
  readonly why: string
  /** A command where there is one. */
  readonly remedy: string
}

export interface CheckContext {
  /** Absolute. */
  readonly home: string
  /** Milliseconds since 1970. */
  readonly nowMs: number
  /** Nodes of this home that run. */
  readonly nodes: readonly NodeProcess[]
}

/** A node that runs. */
export interface NodeProcess {
  /** Of its folder. */
  readonly name: string
  readonly pid: number
  /** As other users see them too. */
  readonly words: readonly string[]
  readonly listens: readonly ListenAddress[]
}

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

export interface Check {
  readonly section: string
  readonly run: (context: CheckContext) => readonly Finding[] | Promise<readonly Finding[]>
}

/** The same of the mesh: it judges what a survey has found, and asks nobody itself. */
export interface MeshCheck {
  readonly section: string
  readonly judge: (facts: MeshFacts) => Verdict
}

export interface Verdict {
  /** What was found, in a few words, whether or not anything is wrong with it. */
  readonly summary: string
  readonly findings: readonly Finding[]
}

/** For a shell; a plain path stays plain. */
export function quoted(path: string): string {
  return /^[\w./@:+-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`
}

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/

/** Whether others than this machine reach it. */
export function isReachable({ host }: ListenAddress): boolean {
  return !LOOPBACK.test(host)
}
