/**
 * Who looks: the token, for as long as the tab is open; at which router; and, where that is looked at through a monitor,
 * with which token of its own. The token comes from the form or from the address's fragment, which no server sees, and
 * out of which it is taken at once.
 */
import { batch, computed, signal } from '@preact/signals'
import type { RouterView } from '../../model/generated/api-router.ts'

const TOKEN_KEY = 'taskmesh.token'
const ROUTER_KEY = 'taskmesh.router'
const ROUTER_TOKENS_KEY = 'taskmesh.router-tokens'

/** Chosen in place of a router: the monitor that gave out the pages. */
export const ITSELF = 'itself'

export const token = signal<string | undefined>(takeToken())
/** Why the form to sign in is shown again. */
export const refusal = signal<string | undefined>(undefined)
/** The routers that the server knows, a router itself among them; undefined until it told. */
export const routers = signal<readonly RouterView[] | undefined>(undefined)
const chosen = signal<RouterView | typeof ITSELF | undefined>(undefined)

/** Undefined where a monitor is looked at itself, and as long as nobody knows which routers there are. */
export const router = computed<RouterView | undefined>(() =>
  chosen.value === ITSELF ? undefined : chosen.value
)

/** The server that gave out the pages is no router. */
export const isMonitor = computed(
  () => routers.value !== undefined && !routers.value.some(({ is_self }) => is_self)
)

/** What the API of what is looked at begins with; empty as long as that is not known. */
export const apiBase = computed<string>(() => {
  if (routers.value === undefined) return ''
  const looked = router.value
  return looked === undefined || looked.is_self ? 'v1' : `v1/routers/${looked.peer_id}`
})

/** The router that a monitor passes requests on to. */
export const farRouter = computed<RouterView | undefined>(() =>
  router.value?.is_self === false ? router.value : undefined
)

const routerTokens = signal<Readonly<Record<string, string>>>(storedRouterTokens())
/** Why the token of the router that is looked at was forgotten. */
export const routerRefusal = signal<string | undefined>(undefined)

/** The token of its own that the router that is looked at is shown. */
export const routerToken = computed<string | undefined>(() =>
  farRouter.value === undefined ? undefined : routerTokens.value[farRouter.value.peer_id]
)

export function signIn(text: string): void {
  const trimmed = text.trim()
  if (trimmed === '') return
  sessionStorage.setItem(TOKEN_KEY, trimmed)
  refusal.value = undefined
  token.value = trimmed
}

export function signOut(reason?: string): void {
  sessionStorage.removeItem(TOKEN_KEY)
  batch(() => {
    storeRouterTokens({})
    refusal.value = reason
    token.value = undefined
  })
}

export function learnRouters(known: readonly RouterView[]): void {
  batch(() => {
    routers.value = known
    chosen.value = choiceAmong(known)
  })
}

/** @param choice a PeerId, or `ITSELF` */
export function chooseRouter(choice: string): void {
  sessionStorage.setItem(ROUTER_KEY, choice)
  chosen.value = routers.value?.find(({ peer_id }) => peer_id === choice) ?? ITSELF
}

/** From now on that router is shown this token, until signing out. */
export function keepRouterToken(peer: string, text: string): void {
  batch(() => {
    routerRefusal.value = undefined
    storeRouterTokens({ ...routerTokens.value, [peer]: text })
  })
}

export function forgetRouterToken(peer: string, reason?: string): void {
  const { [peer]: _forgotten, ...others } = routerTokens.value
  batch(() => {
    routerRefusal.value = reason
    storeRouterTokens(others)
  })
}

/** What a request shows: the token, and to a router behind a monitor that router's own, and to nobody else. */
export function credentialsFor({ pathname }: URL): Record<string, string> {
  const peer = /\/v1\/routers\/(?<peer>[^/]+)\//.exec(pathname)?.groups?.['peer'] ?? ''
  const own = routerTokens.value[peer]
  return {
    ...(token.value === undefined ? {} : { authorization: `Bearer ${token.value}` }),
    ...(own === undefined ? {} : { 'router-authorization': `Bearer ${own}` })
  }
}

/** A router shows itself. What is chosen stays chosen: nobody is shown another router because theirs has gone. */
function choiceAmong(known: readonly RouterView[]): RouterView | typeof ITSELF | undefined {
  const self = known.find(({ is_self }) => is_self)
  if (self !== undefined) return self
  const before = chosen.value ?? sessionStorage.getItem(ROUTER_KEY) ?? undefined
  if (before === ITSELF) return ITSELF
  const peer = typeof before === 'string' ? before : before?.peer_id
  const found = known.find(({ peer_id }) => peer_id === peer)
  return found ?? (typeof before === 'object' ? before : known[0])
}

function storeRouterTokens(tokens: Readonly<Record<string, string>>): void {
  sessionStorage.setItem(ROUTER_TOKENS_KEY, JSON.stringify(tokens))
  routerTokens.value = tokens
}

function storedRouterTokens(): Readonly<Record<string, string>> {
  return JSON.parse(sessionStorage.getItem(ROUTER_TOKENS_KEY) ?? '{}') as Record<string, string>
}

function takeToken(): string | undefined {
  const found = new URLSearchParams(location.hash.slice(1)).get('token')
  if (found === null) return sessionStorage.getItem(TOKEN_KEY) ?? undefined
  history.replaceState(null, '', `${location.pathname}${location.search}`)
  sessionStorage.setItem(TOKEN_KEY, found)
  return found
}
