/** Where another program of ours lies, such as a thread's: beside the module that starts it, `.ts` as we are developed, `.js` as we are built. */

/**
 * @param from `import.meta.url` of the module that starts it
 * @param name without the ending, such as `hash-thread`
 */
export function siblingModule(from: string, name: string): URL {
  return new URL(`./${name}.${from.endsWith('.ts') ? 'ts' : 'js'}`, from)
}
