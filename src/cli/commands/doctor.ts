/** `taskmesh doctor`: what is wrong with this machine as a place for nodes and with its mesh, why, and what to type. */
import { printable } from '../../core/plain-text.ts'
import { systemClock } from '../../core/clock.ts'
import { VISITOR_FLAGS, flag, setting } from '../command.ts'
import { CHECKS, runChecks } from '../doctor/checks.ts'
import { findNodes } from '../doctor/node-processes.ts'
import { EXIT } from '../exit-codes.ts'
import { plural } from '../render.ts'
import { bootstrapsNamed, networkKeyNamed } from '../mesh-visit.ts'
import { homeOf } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'
import type { Finding, NodeProcess, Severity } from '../doctor/check.ts'
import type { SectionReport } from '../doctor/checks.ts'
import type { Style } from '../render.ts'

const SEVERITIES: readonly Severity[] = ['problem', 'warning', 'note']

export const doctorCommand: CliCommand = {
  words: 'doctor',
  summary: 'look for what is wrong with this machine and its mesh, and say what to do about it',
  flags: {
    strict: flag('switch', 'fail for warnings too'),
    bootstrap: VISITOR_FLAGS['bootstrap'] ?? setting('list', ''),
    'network-key': VISITOR_FLAGS['network-key'] ?? setting('text', ''),
    home: VISITOR_FLAGS['home'] ?? setting('text', '')
  },
  examples: [
    ['taskmesh doctor', 'of the nodes below ~/.taskmesh, whether they run or not'],
    ['taskmesh doctor --strict --json', 'for a script that must not go on otherwise'],
    ['taskmesh doctor --bootstrap /dns4/mesh.example.org/tcp/51820', 'before anything runs here']
  ],
  notes:
    'Exit code 0 if there are no problems, 1 if there are; with --strict also for warnings, and never for notes. ' +
    'It visits the mesh as a peer of its own, takes 20 seconds at most, and changes nothing.',
  run: async ({ args, output, terminal }) => {
    const home = homeOf(args)
    const nodes = findNodes(home)
    const nowMs = systemClock.wallMs()
    if (terminal.stderr.isTTY)
      output.note(output.stderrStyle.dim('looking at this machine and its mesh …'))
    // Imported only now: libp2p takes a while to load, and most commands need none of it.
    const { checkMesh } = await import('../doctor/mesh-checks.ts')
    const [reports, mesh] = await Promise.all([
      runChecks(CHECKS, { home, nodes, nowMs }),
      checkMesh({
        home,
        nodes,
        nowMs,
        bootstrap: bootstrapsNamed(args),
        networkKeyFile: networkKeyNamed(args),
        signal: terminal.signal
      })
    ])
    const sections = [...reports, ...mesh.sections]
    const findings = sections.flatMap((report) => report.findings)
    output.value({ home, nodes, sections, mesh: mesh.facts ?? null }, (style) =>
      renderReport(home, nodes, sections, style)
    )
    const failing: Severity[] = args.has('strict') ? ['problem', 'warning'] : ['problem']
    return findings.some(({ severity }) => failing.includes(severity)) ? EXIT.error : EXIT.completed
  }
}

function renderReport(
  home: string,
  nodes: readonly NodeProcess[],
  reports: readonly SectionReport[],
  style: Style
): string {
  const running = nodes.map(({ name, pid }) => `${printable(name)} (${pid})`).join(', ')
  const head = `${home}: ${running === '' ? 'no node runs' : `running ${running}`}`
  const sections = reports.flatMap(({ findings, section, summary }) => [
    [
      findings.some(({ severity }) => severity !== 'note') ? style.yellow('!!') : style.green('ok'),
      style.bold(section),
      ...(summary === undefined ? [] : [style.dim(printable(summary))])
    ].join('  '),
    ...findings.map((one) => renderFinding(one, style))
  ])
  return [head, '', ...sections, '', sumOf(reports)].join('\n')
}

function renderFinding({ remedy, severity, what, why }: Finding, style: Style): string {
  const paint = { problem: style.red, warning: style.yellow, note: style.dim }[severity]
  return [
    `    ${paint(severity)}: ${printable(what)}`,
    `      ${style.dim('why:')} ${printable(why)}`,
    `      ${style.dim('do: ')} ${printable(remedy)}`
  ].join('\n')
}

function sumOf(reports: readonly SectionReport[]): string {
  const findings = reports.flatMap((report) => report.findings)
  const counts = SEVERITIES.map((wanted) =>
    plural(findings.filter(({ severity }) => severity === wanted).length, wanted)
  )
  return counts.join(', ')
}
