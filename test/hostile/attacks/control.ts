/** No attack: takes the processor as all attacks do, and does nothing with it. What honest jobs feel then is the machine. */
import type { Attack } from '../attack.ts'

const SPIN_MS = 2

export const CONTROL: Attack = {
  name: 'control',
  who: 'stranger',
  what: 'nothing but to take the processor',
  perSecond: 1_000,
  step: async () => {
    const untilMs = performance.now() + SPIN_MS
    while (performance.now() < untilMs);
  }
}
