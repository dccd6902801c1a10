/** Who may use the API of what is looked at, and what peers have done wrong to it: for those who operate. */
import { useLocation } from 'wouter-preact'
import { Empty, Skeleton } from '../parts/situations.tsx'
import { PageHeader } from '../parts/basics.tsx'
import { Peers } from './peers.tsx'
import { Tokens } from './tokens.tsx'
import { may, overview } from '../data/live.ts'
import type { JSX } from 'preact'

export function SecurityPage(): JSX.Element {
  const [, navigate] = useLocation()
  const view = overview.value
  return (
    <>
      <PageHeader
        title="Tokens and security"
        note={
          view && (
            <>
              of {view.role} <b>{view.name ?? ''}</b>
            </>
          )
        }
      />
      {view === undefined && <Skeleton />}
      {view !== undefined && !may('operate') && (
        <Empty icon="lock" title="This is for those who operate the mesh">
          <p>
            It takes a token of scope <code>operate</code> to see and make tokens.
          </p>
          <button type="button" class="button" onClick={() => navigate('/')}>
            Overview
          </button>
        </Empty>
      )}
      {may('operate') && (
        <>
          <Tokens />
          <Peers />
        </>
      )}
    </>
  )
}
