/** Changes to an input that keep its form: another type, one level deeper, a name twice, a part of another input. */
import { NUMBERS, RAW_LITERALS, WORDS } from './dictionary.ts'
import { DEPTH_MAX } from './forms.ts'
import { Pairs, Raw, copyTree, placesOf } from './tree.ts'
import type { Dice } from './dice.ts'
import type { Place, Tree } from './tree.ts'

type Mutation = (place: Place, dice: Dice, other: Tree) => void

const WORD_REPEATS_MAX = 20_000
const ENTRIES_MAX = 3_000
/** Nodes that one change may add. */
const NODES_MAX = 20_000

const MUTATIONS: readonly Mutation[] = [
  ({ put }, dice) => put(dice.pick(NUMBERS)),
  ({ put }, dice) => put(dice.pick(WORDS)),
  ({ put }, dice) => put(new Raw(dice.pick(RAW_LITERALS))),
  ({ put }, dice) => put(anyLeaf(dice)),
  ({ node, put }, dice) => put(nested(node, dice)),
  ({ put }, dice) => put(dice.pick(WORDS).repeat(dice.small(WORD_REPEATS_MAX))),
  ({ node, put }, dice) => put(changedText(node, dice)),
  graft,
  graft,
  dropPart,
  doublePart,
  renamePart,
  addPart,
  manyParts
]

/** The same tree changed in one to some four places. */
export function mutateTree(tree: Tree, dice: Dice, other: Tree): Tree {
  const root = { tree: copyTree(tree) }
  for (let count = dice.small(4); count > 0; count -= 1) {
    dice.pick(MUTATIONS)(dice.pick(placesOf(root)), dice, other)
  }
  return root.tree
}

function anyLeaf(dice: Dice): Tree {
  return dice.pick<Tree>([null, true, false, [], new Pairs([]), '', undefined, Buffer.from('x')])
}

function nested(node: Tree, dice: Dice): Tree {
  let tree = node
  const isList = dice.oneIn(2)
  const key = dice.pick(WORDS)
  for (let depth = dice.small(DEPTH_MAX); depth > 0; depth -= 1) {
    tree = isList ? [tree] : new Pairs([[key, tree]])
  }
  return tree
}

/** A text with a word in it; of a number, one beside it. */
function changedText(node: Tree, dice: Dice): Tree {
  if (typeof node === 'number') return node + dice.pick([1, -1, 0.5, node, -2 * node])
  if (typeof node !== 'string') return node
  const at = dice.below(node.length + 1)
  const left = dice.oneIn(3) ? node.slice(0, dice.below(at + 1)) : node.slice(0, at)
  return left + (dice.oneIn(3) ? '' : dice.pick(WORDS)) + node.slice(at)
}

/** A part of another input, or of this one, in the place of this one. */
function graft({ put }: Place, dice: Dice, other: Tree): void {
  put(copyTree(dice.pick(placesOf({ tree: other })).node))
}

function dropPart({ node }: Place, dice: Dice): void {
  const parts = partsOf(node)
  if (parts.length > 0) parts.splice(dice.below(parts.length), 1)
}

function doublePart({ node }: Place, dice: Dice): void {
  const parts = partsOf(node)
  if (parts.length > 0) parts.push(copyPart(dice.pick(parts)))
}

function renamePart({ node }: Place, dice: Dice): void {
  if (!(node instanceof Pairs) || node.entries.length === 0) return
  const pair = dice.pick(node.entries)
  pair[0] = changedName(pair[0], dice)
}

function changedName(name: Tree, dice: Dice): Tree {
  if (dice.oneIn(8)) return dice.pick(NUMBERS)
  return dice.oneIn(2) ? dice.pick(WORDS) : changedText(name, dice)
}

function addPart({ node }: Place, dice: Dice): void {
  if (Array.isArray(node)) node.push(dice.pick<Tree>([...NUMBERS, ...WORDS]))
  else if (node instanceof Pairs) node.entries.push([dice.pick(WORDS), dice.pick(NUMBERS)])
}

/** A list of thousands, or a map of thousands of names. */
function manyParts({ node }: Place, dice: Dice): void {
  const parts = partsOf(node)
  const [first] = parts
  if (first === undefined) return
  const most = Math.floor(NODES_MAX / placesOf({ tree: first }).length)
  for (let count = Math.min(most, dice.small(ENTRIES_MAX)); count > 0; count -= 1) {
    const part = copyPart(first)
    if (node instanceof Pairs && typeof part[0] === 'string') part[0] += String(count)
    parts.push(part)
  }
}

/** The parts of a list or of a map, to be changed in place; nobody's of a leaf. */
function partsOf(node: Tree): [Tree, Tree][] {
  if (node instanceof Pairs) return node.entries
  return Array.isArray(node) ? (node as [Tree, Tree][]) : []
}

function copyPart(part: [Tree, Tree]): [Tree, Tree] {
  return copyTree(part) as [Tree, Tree]
}
