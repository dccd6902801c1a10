/**
 * Secrets on the command line and in the environment: taken out of what is said, out of what other users see of
 * this process, and out of what programs that it starts would inherit.
 */
import { HIDDEN, hideSecrets } from '../core/secret-text.ts'
import { SECRET_FLAGS, variableOf } from '../config/options.ts'

type Environment = Readonly<Record<string, string | undefined>>

const OWN_PREFIX = 'TASKMESH_'

/** The secrets that were typed or set. The name of a file is none. */
export function secretTexts(words: readonly string[], env: Environment): string[] {
  const typed = words.flatMap((word, index) => secretAt(words, index) ?? [])
  const set = SECRET_FLAGS.map((flag) => env[variableOf(flag)] ?? '')
  return [...typed, ...set].filter((text) => text !== '' && !text.startsWith('@'))
}

/** The words as anybody may see them; undefined where they hold no secret. */
export function shownWords(words: readonly string[]): string[] | undefined {
  const shown = words.map((word, index) => {
    const secret = secretAt(words, index)
    return secret === undefined || secret.startsWith('@')
      ? hideSecrets(word)
      : word.slice(0, word.length - secret.length) + HIDDEN
  })
  return shown.some((word, index) => word !== words[index]) ? shown : undefined
}

/** `ps` shows the words of every process to every user: not these, once they are read. */
export function hideWords(program: string, words: readonly string[]): void {
  const shown = shownWords(words)
  if (shown !== undefined) process.title = [program, ...shown].join(' ')
}

/** The environment as this process was given it. Nothing of ours in it is left for others to inherit. */
export function takeEnvironment(env: NodeJS.ProcessEnv): Environment {
  const taken = { ...env }
  for (const name of Object.keys(env)) if (name.startsWith(OWN_PREFIX)) delete env[name]
  return taken
}

/** The secret in a word: all of it, or what stands behind the equals sign. */
function secretAt(words: readonly string[], index: number): string | undefined {
  const word = words[index] ?? ''
  const before = words[index - 1] ?? ''
  if (SECRET_FLAGS.some((flag) => before === `--${flag}`)) return word
  const own = SECRET_FLAGS.find((flag) => word.startsWith(`--${flag}=`))
  return own === undefined ? undefined : word.slice(own.length + 3)
}
