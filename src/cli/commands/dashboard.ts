/** `taskmesh dashboard`: the address at which a router or a monitor shows its pages, with what opens them. */
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { MeshError } from '../../core/errors.ts'
import { findRouter, homeOf, livingNodes } from '../router-connection.ts'
import { openPage } from '../open-page.ts'
import type { Args } from '../args.ts'
import type { CliCommand } from '../command.ts'

export const dashboardCommand: CliCommand = {
  words: 'dashboard',
  summary: "print the address of a node's pages, token included; --open opens it",
  flags: {
    open: flag('switch', 'open it in a browser'),
    name: flag('text', 'of this router or monitor under --home [the router, else the monitor]'),
    ...API_FLAGS
  },
  examples: [
    ['taskmesh dashboard --open', 'of the router on this machine'],
    ['taskmesh dashboard --name monitor', 'of a monitor'],
    ['taskmesh dashboard --api https://router.example:51880 --token @ci.token', 'of one elsewhere']
  ],
  notes: [
    'The token stands behind a #: browsers send that part to nobody, and the page takes it out at once. Whoever has the',
    "address may do what its token allows: with the node's own, everything. For somebody else make a token of its own:",
    'taskmesh router token create --scope read.'
  ].join(' '),
  run: async ({ args, output, terminal }) => {
    const { token, url } = placeOf(args)
    const address = dashboardAddress(url, token)
    output.value({ url: address }, () => address)
    if (args.has('open')) {
      await openPage(address, { platform: process.platform, signal: terminal.signal })
    }
    return EXIT.completed
  }
}

/** Where the pages are, and what opens them. */
export function dashboardAddress(url: string, token: string | undefined): string {
  const page = `${url.replace(/\/$/, '')}/`
  return token === undefined ? page : `${page}#token=${encodeURIComponent(token)}`
}

/** @throws MeshError NOT_FOUND where no node of that name runs here */
function placeOf(args: Args): { url: string; token?: string | undefined } {
  const name = args.text('name')
  if (args.text('api') !== undefined) return findRouter(args)
  const nodes = livingNodes(homeOf(args))
  if (name === undefined) {
    const monitors = nodes.filter(({ role }) => role === 'monitor')
    const isMonitorAlone = monitors.length === 1 && nodes.length === 1
    return isMonitorAlone ? (monitors[0] ?? findRouter(args)) : findRouter(args)
  }
  const named = nodes.find((node) => node.name === name)
  if (named !== undefined) return named
  const others = nodes.map((node) => node.name).join(', ')
  throw new MeshError('NOT_FOUND', `no router or monitor "${name}" runs here`, {
    path: '--name',
    hint: others === '' ? 'start one: taskmesh router, or taskmesh monitor' : `here run ${others}`
  })
}
