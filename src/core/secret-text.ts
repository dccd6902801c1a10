/** Takes secrets out of texts that people and logs get to see. Pure. */

/** Stands where a secret was. */
export const HIDDEN = '(secret)'

/**
 * `//user:password@` of an address; without a password the name is one, as with many services. Schemes are short:
 * one of any length would be looked for anew from every letter on.
 */
const CREDENTIALS = /(\b[a-z][a-z\d+.-]{0,31}:\/\/)[^\s/?#@"'<>\\]+@/gi
/** What an authority signs: header, claims, signature. Our join tokens are such, with a word before them. */
const SIGNED = /(?<![\w-])(?:tmjoin_)?eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/g
/** Named tokens of a router's API: a word, an id, a secret. */
const API_TOKEN = /taskmesh-[a-z\d]{8}-[\w-]{43}/g
/** `Authorization: Bearer …`, as clients and servers quote it. */
const BEARER = /\b(bearer|basic)(\s{1,4})[\w~+/.=-]{8,}/gi
/** A shorter text would be found in the midst of others. */
const SECRET_LETTERS_MIN = 8

/**
 * The text without what looks like a secret, and without the given ones.
 * @param secrets values that must not be seen
 */
export function hideSecrets(text: string, secrets: readonly string[] = []): string {
  return secrets
    .filter((secret) => secret.length >= SECRET_LETTERS_MIN)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    .reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text)
    .replaceAll(SIGNED, HIDDEN)
    .replaceAll(API_TOKEN, HIDDEN)
    .replaceAll(BEARER, `$1$2${HIDDEN}`)
    .replaceAll(CREDENTIALS, `$1${HIDDEN}@`)
}
