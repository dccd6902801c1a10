/**
 * An input as a tree that can say what a decoder should never see: a name twice, `__proto__` as a name like any
 * other, a number that is none, a text that is no Unicode. Maps are lists of pairs for that reason.
 */

export class Pairs {
  entries: [key: Tree, value: Tree][]

  constructor(entries: [Tree, Tree][]) {
    this.entries = entries
  }
}

/** What is written as it stands, where the form is a text. */
export class Raw {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Leaf = string | number | boolean | null | undefined | Uint8Array | Raw
export type Tree = Leaf | Tree[] | Pairs

export function toTree(value: unknown): Tree {
  if (Array.isArray(value)) return value.map(toTree)
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) {
    return value as Leaf
  }
  return new Pairs(Object.entries(value).map(([key, part]) => [key, toTree(part)]))
}

export function copyTree(tree: Tree): Tree {
  if (Array.isArray(tree)) return tree.map(copyTree)
  if (tree instanceof Pairs) {
    return new Pairs(tree.entries.map(([key, value]) => [copyTree(key), copyTree(value)]))
  }
  return tree
}

/** Where a tree can be changed: one of its parts, and how to put another into its place. */
export interface Place {
  readonly node: Tree
  readonly put: (node: Tree) => void
}

/** At most so many: a change somewhere in the first thousands is as good as one anywhere. */
const PLACES_MAX = 2_000

export function placesOf(root: { tree: Tree }): Place[] {
  const places: Place[] = [{ node: root.tree, put: (node) => void (root.tree = node) }]
  for (let index = 0; index < places.length && places.length < PLACES_MAX; index += 1) {
    const node = places[index]?.node
    if (Array.isArray(node)) {
      node.forEach((part, at) => places.push({ node: part, put: (next) => void (node[at] = next) }))
    } else if (node instanceof Pairs) {
      for (const pair of node.entries) {
        places.push({ node: pair[1], put: (next) => void (pair[1] = next) })
      }
    }
  }
  return places
}
