/** `taskmesh doctor`: what is wrong with this machine as a place for nodes, why it matters, and what to type. */
import { printable } from '../../core/plain-text.ts'
import { systemClock } from '../../core/clock.ts'
import { API_FLAGS, flag, setting } from '../command.ts'
import { CHECKS, runChecks } from '../doctor/checks.ts'
import { findNodes } from '../doctor/node-processes.ts'
import { EXIT } from '../exit-codes.ts'
import { plural } from '../render.ts'
import { homeOf } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'
import type { Finding, NodeProcess, Severity } from '../doctor/check.ts'
import type { SectionReport } from '../doctor/checks.ts'
import type { Style } from '../render.ts'

const SEVERITIES: readonly Severity[] = ['problem', 'warning', 'note']

export const doctorCommand: CliCommand = {
  words: 'doctor',
  summary:
    'look for what is wrong on this machine: keys, exposure, membership, sandboxes, disk, clock',
  flags: {
    strict: flag('switch', 'fail for warnings too'),
    home: API_FLAGS['home'] ?? setting('text', '')
  },
  examples: [
    ['taskmesh doctor', 'of the nodes below ~/.taskmesh, whether they run or not'],
    ['taskmesh doctor --strict --json', 'for a script that must not go on otherwise']
  ],
  notes:
    'Exit code 0 if there are no problems, 1 if there are; with --strict also for warnings, and never for notes. It changes nothing.',
  run: async ({ args, output }) => {
    const home = homeOf(args)
    const nodes = findNodes(home)
    const reports = await runChecks(CHECKS, { home, nodes, nowMs: systemClock.wallMs() })
    const findings = reports.flatMap((report) => report.findings)
    const view = { home, nodes, sections: reports }
    output.value(view, (style) => renderReport(home, nodes, reports, style))
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
  const sections = reports.flatMap(({ findings, section }) => [
    `${findings.length === 0 ? style.green('ok') : style.yellow('!!')}  ${style.bold(section)}`,
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
