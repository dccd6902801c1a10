/** `taskmesh dial`: connects by address and says who answered, how fast, and what they speak. */
import { formatDuration } from '../../core/units.ts'
import { checkAddress } from '../../config/address.ts'
import { VISITOR_FLAGS } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { visitMesh } from '../mesh-visit.ts'
import { renderFacts } from '../render.ts'
import type { CliCommand } from '../command.ts'

export const dialCommand: CliCommand = {
  words: 'dial',
  summary: 'connect to an address: who answers, how fast, with which protocols',
  positionals: [
    {
      name: 'multiaddr',
      describe:
        'such as /ip4/127.0.0.1/tcp/51820, with or without /p2p/<id>; with --bootstrap a peer id too'
    }
  ],
  flags: VISITOR_FLAGS,
  examples: [['taskmesh dial /ip4/127.0.0.1/tcp/51820', 'is the bootstrap there?']],
  run: async ({ args, output, terminal }) => {
    const target = args.positional('multiaddr')
    const isPeerId = !target.startsWith('/') && args.list('bootstrap').length > 0
    const address = isPeerId ? target : checkAddress(target, 'multiaddr')
    const report = await visitMesh(args, terminal, (mesh) =>
      mesh.connectToPeer(address, { signal: terminal.signal })
    )
    output.value(report, (style) =>
      renderFacts(
        [
          ['answered', style.bold(report.peer_id)],
          ['agent', report.agent ?? '–'],
          ['address', report.address],
          ['connected in', formatDuration(report.connect_ms)],
          ['pings', report.ping_ms.map(formatDuration).join('  ')],
          ['protocols', report.protocols.join('\n')]
        ],
        style
      )
    )
    return EXIT.completed
  }
}
