/** `taskmesh receipt show` and `receipt verify`: what routers and workers have signed, from a router or out of a file alone. */
import { writeFileSync } from 'node:fs'
import { printable } from '../../core/plain-text.ts'
import { MeshError, messageOf } from '../../core/errors.ts'
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { PROOF_FLAGS, findProofs, readText } from '../proof-source.ts'
import { expectReceipt, openProof } from '../../receipts/proof.ts'
import { proofView, renderProof } from '../render-receipt.ts'
import { isResultOf } from '../signed-result.ts'
import { writeProofs } from '../../receipts/proof-file.ts'
import type { CliCommand } from '../command.ts'
import type { Expected } from '../../receipts/proof.ts'
import type { FoundProof } from '../proof-source.ts'
import type { ProofView } from '../render-receipt.ts'
import type { Style } from '../render.ts'

const WHAT = { name: 'what', describe: 'file of receipts, or job id, or its first letters' }

export const receiptShowCommand: CliCommand = {
  words: 'receipt show',
  summary: 'show what workers have signed of the attempts of a job',
  positionals: [WHAT],
  flags: {
    ...PROOF_FLAGS,
    out: flag('text', 'write them to this file, for whoever wants to verify them'),
    ...API_FLAGS
  },
  examples: [
    ['taskmesh receipt show j-7m2k', 'all attempts; of a reused result the earlier run'],
    ['taskmesh receipt show j-7m2k --out proof.json', 'a file that anybody can verify']
  ],
  run: async ({ args, output, terminal }) => {
    const proofs = await findProofs(args, { signal: terminal.signal })
    const file = args.text('out')
    if (file !== undefined) {
      save(file, writeProofs(proofs))
      output.note(`wrote ${file}`)
      return EXIT.completed
    }
    const views = await Promise.all(proofs.map(viewOf))
    output.value(views, (style) => views.map((view) => renderProof(view, style)).join('\n\n'))
    return EXIT.completed
  }
}

/** @throws MeshError FIELD_INVALID */
function save(file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (cause) {
    throw new MeshError('FIELD_INVALID', messageOf(cause), { path: '--out', cause })
  }
}

/** How one receipt stood the test. */
interface Verdict {
  is_valid: boolean
  /** What is wrong. */
  reason?: string
  hint?: string
  proof: ProofView | null
}

export const receiptVerifyCommand: CliCommand = {
  words: 'receipt verify',
  summary: 'check the signatures of receipts, and that they say what you expect; needs no router',
  positionals: [WHAT],
  flags: {
    result: flag('text', 'whether this file holds the result that was signed'),
    worker: flag('text', 'peer id of the worker that must have signed'),
    router: flag('text', 'peer id of the router that must have ordered it'),
    ...PROOF_FLAGS,
    ...API_FLAGS
  },
  examples: [
    ['taskmesh receipt verify proof.json', 'works without a mesh: peer ids are keys'],
    ['taskmesh receipt verify proof.json --result result.json --worker 12D3KooW…', 'who said this?']
  ],
  notes:
    'Exit code 0 if all receipts are as they should be, else 1. A receipt proves what a worker said, not that the result is right.',
  run: async ({ args, output, terminal }) => {
    const proofs = await findProofs(args, { signal: terminal.signal })
    const expected: Expected = {
      ...present('worker', args.text('worker')),
      ...present('router', args.text('router'))
    }
    const resultFile = args.text('result')
    const result = resultFile === undefined ? undefined : readText(resultFile, '--result')
    const wish = { expected, result }
    const verdicts = await Promise.all(proofs.map((proof) => verify(proof, wish)))
    output.value(verdicts, (style) =>
      verdicts.map((verdict) => renderVerdict(verdict, style)).join('\n\n')
    )
    return verdicts.every(({ is_valid }) => is_valid) ? EXIT.completed : EXIT.error
  }
}

async function viewOf(proof: FoundProof): Promise<ProofView> {
  return proofView(await openProof(proof), proof.reused_by)
}

async function verify(
  proof: FoundProof,
  { expected, result }: { expected: Expected; result: string | undefined }
): Promise<Verdict> {
  let view: ProofView | null = null
  try {
    view = await viewOf(proof)
    if (expected.router !== undefined && view.router === null) {
      throw new MeshError(
        'RECEIPT_INVALID',
        "the router's order is not here, so it has signed nothing"
      )
    }
    expectReceipt(view.receipt, expected)
    if (result !== undefined && !(await isResultOf(view.receipt, result))) {
      throw new MeshError('RECEIPT_INVALID', 'the result is not the one that was signed')
    }
    return { is_valid: true, proof: view }
  } catch (cause) {
    const { hint, message } = MeshError.from(cause)
    return {
      is_valid: false,
      reason: message,
      ...(hint === undefined ? {} : { hint }),
      proof: view
    }
  }
}

function renderVerdict({ is_valid: isValid, proof, reason }: Verdict, style: Style): string {
  const line = isValid ? style.green('valid') : style.red(`not valid: ${printable(reason ?? '')}`)
  return proof === null ? line : `${line}\n${renderProof(proof, style)}`
}

function present<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, string>)
}
