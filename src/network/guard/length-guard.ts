/**
 * Refuses a message whose length never ends. libp2p reads the length before a message byte by byte, and looks at
 * its own bound for it only once there is one: 64 KiB of 0xff took half a second of the processor, from anybody
 * who can connect and wherever a length is expected (@libp2p/utils 7.4, `lpStream`). It takes part in no other way than by
 * the list in which it gathers those bytes.
 */
import { Uint8ArrayList } from 'uint8arraylist'
import { MeshError } from '../../core/errors.ts'

/** Of the longest length that it can read: more of them would say nothing else. */
const LENGTH_BYTES_MAX = 8
/** That another byte follows. */
const GOES_ON = 0x80

let isGuarded = false

/** Once is enough for all nodes of a process. */
export function guardLengths(): void {
  if (isGuarded) return
  isGuarded = true
  // oxlint-disable-next-line typescript/unbound-method -- called on the very object that it is wrapped for
  const { get } = Uint8ArrayList.prototype
  Uint8ArrayList.prototype.get = function (index) {
    const byte = get.call(this, index)
    if (index === LENGTH_BYTES_MAX - 1 && byte >= GOES_ON && isEndless(this)) {
      throw new MeshError('FRAME_INVALID', 'the length of a message has no end')
    }
    return byte
  }
}

/** Nothing else is gathered so, and no other reader asks for the last of eight such bytes. */
function isEndless(list: Uint8ArrayList): boolean {
  if (list.byteLength !== LENGTH_BYTES_MAX) return false
  const parts = [...list]
  return (
    parts.length === LENGTH_BYTES_MAX &&
    parts.every(([byte]) => byte !== undefined && byte >= GOES_ON)
  )
}
