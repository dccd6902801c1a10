/** What of a piece is asked for, and what once more, as ways to a peer go. */
import { expect, test } from 'vitest'
import { ComingPiece } from '../../../src/files/transfer/coming-piece.ts'
import type { Range, Way } from '../../../src/files/transfer/coming-piece.ts'

const LEAF = 65_536
const way = {} as Way

function coming(bytes: number): ComingPiece {
  const buffer = new Uint8Array(bytes)
  return new ComingPiece({ piece: 3, bytes, buffer, askedAtMs: 0, expectedMs: undefined })
}

function ask(piece: ComingPiece, bytesMax: number): Range {
  const stretch = piece.nextStretch(bytesMax)
  const rest = { way, request: 0, receivedBytes: 0, askedAtMs: 0, isAlone: false }
  const range: Range = { ...stretch, ...rest }
  piece.ranges.add(range)
  return range
}

function receive(piece: ComingPiece, range: Range, bytes: number): void {
  range.receivedBytes += bytes
  piece.receivedBytes += bytes
}

test('a piece is asked for in ranges, the last as long as what is left', () => {
  const piece = coming(5 * LEAF + 7)
  expect([piece.hasBegun, piece.isAsked]).toEqual([false, false])
  const ranges = [ask(piece, 4 * LEAF), ask(piece, 4 * LEAF)]
  expect(ranges).toMatchObject([
    { offset: 0, bytes: 4 * LEAF },
    { offset: 4 * LEAF, bytes: LEAF + 7 }
  ])
  expect([piece.hasBegun, piece.isAsked, piece.isWhole]).toEqual([true, true, false])
  for (const range of ranges) receive(piece, range, range.bytes)
  expect(piece.isWhole).toBe(true)
})

test('what a way has not brought is asked for again, from the last whole leaf on', () => {
  const piece = coming(6 * LEAF)
  const [first, second] = [ask(piece, 4 * LEAF), ask(piece, 4 * LEAF)]
  receive(piece, first, 2 * LEAF + 1_000)
  expect(piece.lose(first)).toBe(1_000)
  expect(piece.lose(second)).toBe(0)
  expect(piece.receivedBytes).toBe(2 * LEAF)
  expect(piece.isAsked).toBe(false)
  const again = [ask(piece, LEAF), ask(piece, 4 * LEAF), ask(piece, 4 * LEAF)]
  expect(again).toMatchObject([
    { offset: 2 * LEAF, bytes: LEAF },
    { offset: 3 * LEAF, bytes: LEAF },
    { offset: 4 * LEAF, bytes: 2 * LEAF }
  ])
  expect(piece.isAsked).toBe(true)
  for (const range of again) receive(piece, range, range.bytes)
  expect(piece.isWhole).toBe(true)
})
