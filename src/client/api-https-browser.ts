/** In the place of `api-https.ts` in a browser's tab, which trusts what its browser trusts. */
import { MeshError } from '../core/errors.ts'

/** @throws MeshError CONFIG_INVALID always */
export function fetchTrusting(_ca: string): typeof globalThis.fetch {
  throw new MeshError('CONFIG_INVALID', 'a page cannot say which certificates are trusted', {
    path: 'ca',
    hint: 'have the browser trust it, or come by libp2p'
  })
}
