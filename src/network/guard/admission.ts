/**
 * Who belongs to the mesh, as the network needs to know it. `enrolment/` provides it; in an open mesh
 * everybody does.
 */

export interface Admission {
  /** True once the peer has shown that it belongs here. Asked often: it must cost nothing. */
  isMember: (peer: string) => boolean
  /** True of one that is to be kept out for good: this node never dials it. */
  isBanned: (peer: string) => boolean
  /** Resolves as soon as the peer has shown it, rejects when the signal fires: how long to wait is the asker's. */
  admit: (peer: string, signal: AbortSignal) => Promise<void>
}

export const OPEN_ADMISSION: Admission = {
  isMember: () => true,
  isBanned: () => false,
  admit: async () => {}
}
