/** Nodes of this home that run: whether others may be there that this user can't see. */
import { livingNodes } from '../router-connection.ts'
import type { Check, CheckContext, Finding } from './check.ts'

export const nodesCheck: Check = { section: 'nodes', run: checkNodes }

function checkNodes({ home, nodes }: CheckContext): Finding[] {
  const seen = new Set(nodes.map(({ pid }) => pid))
  const hidden = livingNodes(home).filter(({ pid }) => !seen.has(pid))
  if (hidden.length === 0) return []
  return [
    {
      severity: 'note',
      what: `the router of process ${hidden.map(({ pid }) => pid).join(', ')} can't be looked into`,
      why: 'where it listens and how it was started is not known here',
      remedy: 'sudo taskmesh doctor, as the user that runs it'
    }
  ]
}
