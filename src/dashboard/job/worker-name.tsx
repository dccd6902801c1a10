/** A worker by the name that its owner gave it, where it is known, and the way to its page. */
import { Link } from 'wouter-preact'
import { nameOf } from '../workers/worker-names.ts'
import type { JSX } from 'preact'

export function WorkerName({ peer }: { peer: string | null | undefined }): JSX.Element {
  if (peer === null || peer === undefined) return <span class="faint">–</span>
  return (
    <Link href={`/workers/${peer}`} title={peer}>
      {nameOf(peer)}
    </Link>
  )
}
