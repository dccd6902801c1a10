/** A program with nothing but a host monitor, which it never stops: it must start, and it must end. */
import { systemClock } from '../../../src/core/clock.ts'
import { HostMonitor } from '../../../src/host/host-monitor.ts'

const monitor = new HostMonitor({ clock: systemClock }, { refreshMs: 50 })
await monitor.start()
process.stdout.write('started\n')
