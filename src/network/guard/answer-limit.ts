/**
 * Bounds how often a stream is answered before both ends have agreed on what they will speak: libp2p answers
 * each name of a protocol that it does not know, three bytes with some thirty microseconds, until time is up.
 */
import type { MessageStream } from '@libp2p/interface'

/** A greeting and its handshake take some six answers, an asker of many names some more. */
const ANSWERS_MAX = 64

export function limitAnswers(
  stream: MessageStream,
  isAgreed: () => boolean,
  onExcess: () => void
): void {
  const send = stream.send.bind(stream)
  let count = 0
  stream.send = (data) => {
    count += 1
    if (isAgreed()) stream.send = send
    else if (count > ANSWERS_MAX) {
      onExcess()
      return false
    }
    return send(data)
  }
}
