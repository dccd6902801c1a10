/**
 * What programs that we start inherit of our environment: what is named here and nothing else, for anything
 * else may be a secret of ours, or of the program that we are part of.
 */

/** Without these some machine's programs don't work. */
const BASIC = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'LD_LIBRARY_PATH', 'SystemRoot'] as const

/**
 * @param more names beside the basic ones; `DOCKER_*` stands for all that begin so
 * @param env of this process
 */
export function childEnvironment(
  more: readonly string[] = [],
  env: NodeJS.ProcessEnv = process.env
): Record<string, string> {
  const wanted = [...BASIC, ...more]
  const isWanted = (name: string): boolean =>
    wanted.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one))
  return Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && isWanted(entry[0])
    )
  )
}
