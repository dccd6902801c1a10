/**
 * A process of a moment that prints the machine's graphics controllers as JSON. The library waits
 * synchronously for tools such as nvidia-smi, which hang when a driver does. A thread in that state
 * can't be ended and keeps its process from exiting (measured: `process.exit` waited for the tool);
 * a process can be killed and forgotten.
 */
import { graphics } from 'systeminformation'

const { controllers } = await graphics()
process.stdout.write(JSON.stringify(controllers))
