/**
 * What signatures of orders and receipts are over besides what they say, so that each is worth nothing elsewhere. Free of Node.js: pages
 * in a browser check them too.
 */

export interface EnvelopeUse {
  readonly domain: string
  readonly payloadType: string
}

export const ORDER_USE: EnvelopeUse = {
  domain: 'taskmesh-dispatch-order',
  payloadType: '/taskmesh/dispatch-order/1'
}

export const RECEIPT_USE: EnvelopeUse = {
  domain: 'taskmesh-receipt',
  payloadType: '/taskmesh/receipt/1'
}
