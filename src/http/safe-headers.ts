/**
 * What every answer tells a browser that happens to read it: keep nothing, guess nothing, show it in no
 * page and load nothing for it. There are no CORS headers on purpose: no other origin reads this API.
 */
export const SAFE_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY'
} as const
