/**
 * The task's `console`: a fragment of the script that runs inside the guest. What programs of Node and
 * of browsers find there, printed to the log; times are those of the task's own clock.
 *
 * Expects `host`, the built-ins of `guest-glue.ts` and what `guest-format.ts` defines.
 */
import { LIMITS } from '../../core/limits.ts'

export const CONSOLE_SOURCE: string = String.raw`
  const INDENT_LENGTH_MAX = 40
  const COUNTERS_MAX = 1000
  const TABLE_ROWS_MAX = 200
  const TABLE_COLUMNS_MAX = 20
  const CELL_LENGTH_MAX = 60
  const LINE_LENGTH_MAX = ${LIMITS.logBytesMax}

  const padEnd = text.prototype.padEnd
  const repeat = text.prototype.repeat
  const dateNow = Date.now
  const counters = { __proto__: null }
  const timers = { __proto__: null }
  let counterCount = 0
  let indentation = ''

  const printer = (write) => (...values) => print(write, formatLine(values))
  const print = (write, line) => {
    const whole = indentation === '' ? line : indentation + indent(line, indentation)
    const kept = cut(whole, LINE_LENGTH_MAX)
    write(stringify(kept), whole.length - kept.length)
  }
  const out = printer(host.writeOut)
  const err = printer(host.writeErr)

  /* Labels are the task's, and so is the memory that they take; their number is bounded all the same. */
  const labelled = (store, label, value) => {
    if (store[label] === undefined) {
      if (counterCount === COUNTERS_MAX) return false
      counterCount += 1
    }
    store[label] = value
    return true
  }
  const elapsed = (label) => label + ': ' + (dateNow() - timers[label]) + 'ms'

  const cellText = (value) => {
    const shown = apply(replaceAll, typeof value === 'string' ? value : inspect(value), ['\n', ' '])
    return shown.length > CELL_LENGTH_MAX ? cut(shown, CELL_LENGTH_MAX - 1) + '…' : shown
  }
  /* Names of the columns and rows of cells, of a list or an object of rows. */
  const tableCells = (data, wanted) => {
    const names = [' ']
    const rows = []
    const keys = ownKeys(data)
    for (let at = 0; at < keys.length && rows.length < TABLE_ROWS_MAX; at += 1) {
      const field = getOwnPropertyDescriptor(data, keys[at])
      if (field?.enumerable !== true || typeof keys[at] === 'symbol') continue
      const row = field.value
      const cells = [cellText(keys[at])]
      const columns = typeof row === 'object' && row !== null ? (wanted ?? ownKeys(row)) : ['value']
      for (let index = 0; index < columns.length; index += 1) {
        const isField = typeof row === 'object' && row !== null
        const cell = isField ? getOwnPropertyDescriptor(row, columns[index]) : { value: row, enumerable: true }
        if (cell?.enumerable !== true || typeof columns[index] === 'symbol') continue
        let place = 1
        while (place < names.length && names[place] !== columns[index]) place += 1
        if (place > TABLE_COLUMNS_MAX) break
        names[place] = columns[index]
        cells[place] = 'value' in cell ? cellText(cell.value) : '[getter]'
      }
      rows[rows.length] = cells
    }
    return [names, rows]
  }
  const tableText = (data, wanted) => {
    const [names, rows] = tableCells(data, wanted)
    const widths = []
    for (let place = 0; place < names.length; place += 1) {
      widths[place] = names[place].length
      for (let at = 0; at < rows.length; at += 1) {
        const length = rows[at][place]?.length ?? 0
        if (length > widths[place]) widths[place] = length
      }
    }
    const rowText = (cells) => {
      let line = ''
      for (let place = 0; place < widths.length; place += 1) {
        line += (place === 0 ? '' : ' | ') + apply(padEnd, cells[place] ?? '', [widths[place]])
      }
      return line
    }
    let lines = rowText(names) + '\n'
    for (let place = 0; place < widths.length; place += 1) {
      lines += (place === 0 ? '' : '-+-') + apply(repeat, '-', [widths[place]])
    }
    for (let at = 0; at < rows.length; at += 1) lines += '\n' + rowText(rows[at])
    return lines
  }

  const group = (...label) => {
    if (label.length > 0) out(...label)
    if (indentation.length < INDENT_LENGTH_MAX) indentation += '  '
  }
  globalThis.console = {
    log: out, info: out, debug: out, warn: err, error: err,
    dir: (value) => print(host.writeOut, inspect(value)),
    trace: (...values) => err(formatLine(['Trace', ...values]) + '\n' + stackText(new ErrorClass())),
    assert: (condition, ...values) => {
      if (!condition) err(...(values.length === 0 ? ['Assertion failed'] : ['Assertion failed:', ...values]))
    },
    count: (label = 'default') => {
      const name = text(label)
      if (labelled(counters, name, (counters[name] ?? 0) + 1)) out(name + ': ' + counters[name])
    },
    countReset: (label = 'default') => { delete counters[text(label)] },
    time: (label = 'default') => { labelled(timers, text(label), dateNow()) },
    timeLog: (label = 'default', ...values) => {
      if (timers[text(label)] !== undefined) out(elapsed(text(label)), ...values)
    },
    timeEnd: (label = 'default') => {
      if (timers[text(label)] !== undefined) out(elapsed(text(label)))
      delete timers[text(label)]
    },
    group,
    groupCollapsed: group,
    groupEnd: () => { indentation = cut(indentation, indentation.length < 2 ? 0 : indentation.length - 2) },
    table: (data, columns) => {
      if (typeof data !== 'object' || data === null) return out(data)
      let lines
      try { lines = tableText(data, columns) } catch { lines = inspect(data) }
      print(host.writeOut, lines)
    }
  }
`
