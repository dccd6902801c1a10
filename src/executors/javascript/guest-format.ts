/**
 * How values look on a task's console: a fragment of the script that runs inside the guest. It bounds
 * depth, width and length, calls no getter, and survives whatever a task can build.
 *
 * Expects the built-ins that `guest-glue.ts` keeps; defines `inspect(value)` and `formatLine(values)`.
 */
export const FORMAT_SOURCE: string = String.raw`
  const DEPTH_MAX = 4
  const ITEMS_MAX = 100
  const NODES_MAX = 1000
  const STRING_LENGTH_MAX = 10000
  const LINE_LENGTH = 76

  const replaceAll = text.prototype.replaceAll
  const replace = text.prototype.replace
  const includes = text.prototype.includes
  const getterOf = (prototype, key) => getOwnPropertyDescriptor(prototype, key).get
  const mapSize = getterOf(Map.prototype, 'size')
  const mapForEach = Map.prototype.forEach
  const setSize = getterOf(Set.prototype, 'size')
  const setForEach = Set.prototype.forEach
  const viewLength = getterOf(getPrototypeOf(Uint8Array.prototype), 'length')
  const bufferLength = getterOf(ArrayBuffer.prototype, 'byteLength')
  const isView = ArrayBuffer.isView
  const DataViewClass = DataView
  const toISOString = Date.prototype.toISOString
  const regExpText = RegExp.prototype.toString
  const symbolText = Symbol.prototype.toString
  const plain = Object.prototype
  const identifier = /^[A-Za-z_$][\w$]*$/
  const test = RegExp.prototype.test
  const OUR_FRAMES = /^.*taskmesh\.js.*\n?/gm

  const indent = (content, by) => apply(replaceAll, content, ['\n', '\n' + by])
  const shorten = (content, length) =>
    content.length > length ? cut(content, length) + '… ' + (content.length - length) + ' more' : content
  const functionText = (value) => {
    const name = getOwnPropertyDescriptor(value, 'name')?.value
    return typeof name === 'string' && name !== '' ? '[function ' + cut(name, 100) + ']' : '[function]'
  }
  /* Without our own frames, and without the line end that is its last character. */
  const stackText = (error) => {
    const stack = apply(replace, text(error.stack ?? ''), [OUR_FRAMES, ''])
    return stack === '' ? '' : cut(stack, stack.length - 1)
  }
  const errorText = (error) => {
    const title = text(error.name) + ': ' + text(error.message)
    const stack = stackText(error)
    return shorten(stack === '' ? title : title + '\n' + stack, STRING_LENGTH_MAX)
  }
  const className = (value) => {
    const prototype = getPrototypeOf(value)
    if (prototype === null) return 'null prototype'
    const maker = getOwnPropertyDescriptor(prototype, 'constructor')?.value
    const name = typeof maker === 'function' ? getOwnPropertyDescriptor(maker, 'name')?.value : ''
    return typeof name === 'string' ? cut(name, 100) : ''
  }
  /* What the engine keeps inside such an object, or undefined where it is none, whatever it says of itself. */
  const slot = (getter, value) => {
    try { return apply(getter, value, []) } catch { return undefined }
  }

  const inspect = (root) => {
    const open = []
    let nodeCount = 0

    const show = (value) => {
      if (typeof value === 'string') return stringify(shorten(value, STRING_LENGTH_MAX))
      if (typeof value === 'bigint') return shorten(text(value), STRING_LENGTH_MAX) + 'n'
      if (typeof value === 'symbol') return apply(symbolText, value, [])
      if (value === 0 && 1 / value < 0) return '-0'
      if (typeof value === 'function') return functionText(value)
      if (typeof value !== 'object' || value === null) return text(value)
      for (let index = 0; index < open.length; index += 1) {
        if (open[index] === value) return '[circular]'
      }
      nodeCount += 1
      if (nodeCount > NODES_MAX) return '…'
      open[open.length] = value
      try { return showObject(value) } catch { return '[object that cannot be read]' } finally {
        open.length -= 1
      }
    }

    const showObject = (value) => {
      if (value instanceof ErrorClass) return errorText(value)
      const date = slot(toISOString, value)
      if (date !== undefined) return date
      const isList = isArray(value) || (isView(value) && !(value instanceof DataViewClass))
      const name = className(value)
      if (!isList && name === 'RegExp') return slot(regExpText, value) ?? '[RegExp]'
      if (open.length > DEPTH_MAX) return '[' + (name === '' ? 'object' : name) + ']'
      if (isList) {
        const length = isArray(value) ? value.length : apply(viewLength, value, [])
        const title = name === 'Array' ? '' : name + '(' + length + ') '
        return enclose(title, '[', listParts(value, length), ']')
      }
      const size = slot(mapSize, value) ?? slot(setSize, value)
      if (size !== undefined) return enclose(name + '(' + size + ') ', '{', collectionParts(value, size), '}')
      const bytes = slot(bufferLength, value)
      if (bytes !== undefined) return name + '(' + bytes + ' bytes)'
      return enclose(name === 'Object' || name === '' ? '' : name + ' ', '{', fieldParts(value), '}')
    }

    const listParts = (list, length) => {
      const parts = []
      for (let index = 0; index < length && index < ITEMS_MAX; index += 1) {
        parts[index] = showField(list, index)
      }
      if (length > ITEMS_MAX) parts[ITEMS_MAX] = '… ' + (length - ITEMS_MAX) + ' more'
      return parts
    }

    const collectionParts = (value, size) => {
      const parts = []
      const isMap = slot(mapSize, value) !== undefined
      apply(isMap ? mapForEach : setForEach, value, [(item, key) => {
        if (parts.length < ITEMS_MAX) parts[parts.length] = (isMap ? show(key) + ' => ' : '') + show(item)
      }])
      if (size > ITEMS_MAX) parts[ITEMS_MAX] = '… ' + (size - ITEMS_MAX) + ' more'
      return parts
    }

    const fieldParts = (value) => {
      const parts = []
      const keys = ownKeys(value)
      for (let index = 0; index < keys.length; index += 1) {
        const key = keys[index]
        if (getOwnPropertyDescriptor(value, key)?.enumerable !== true) continue
        if (parts.length === ITEMS_MAX) {
          parts[ITEMS_MAX] = '… more'
          break
        }
        const label = typeof key === 'symbol'
          ? '[' + apply(symbolText, key, []) + ']'
          : apply(test, identifier, [key]) ? key : stringify(shorten(key, 100))
        parts[parts.length] = label + ': ' + showField(value, key)
      }
      return parts
    }

    const showField = (value, key) => {
      const field = getOwnPropertyDescriptor(value, key)
      if (field === undefined) return 'empty'
      return 'value' in field ? show(field.value) : field.get === undefined ? '[setter]' : '[getter]'
    }

    return show(root)
  }

  /* On one line if it fits; else a list fills lines, and fields stand one below the other. */
  const enclose = (title, begin, parts, end) => {
    if (parts.length === 0) return title + begin + end
    let flat = parts[0]
    for (let index = 1; index < parts.length; index += 1) flat += ', ' + parts[index]
    if (flat.length < LINE_LENGTH && !apply(includes, flat, ['\n'])) {
      return title + begin + ' ' + flat + ' ' + end
    }
    let body = ''
    let column = LINE_LENGTH
    for (let index = 0; index < parts.length; index += 1) {
      const part = indent(parts[index], '  ') + (index === parts.length - 1 ? '' : ',')
      const isBeside = begin === '[' && column + part.length < LINE_LENGTH
      body += (isBeside ? ' ' : '\n  ') + part
      column = (isBeside ? column + 1 : 0) + part.length
    }
    return title + begin + body + '\n' + end
  }

  const formatValue = (value) => typeof value === 'string' ? value : inspect(value)

  /* The directives that programs use: %s %d %i %f %j %o %O %c %%. */
  const formatDirective = (letter, value) => {
    if (letter === 's') return formatValue(value)
    if (letter === 'd' || letter === 'i' || letter === 'f') {
      const number = typeof value === 'object' || typeof value === 'symbol' ? NaN : toNumber(value)
      return text(letter === 'i' ? truncate(number) : number)
    }
    if (letter === 'c') return ''
    return letter === 'o' || letter === 'O' || letter === 'j' ? inspect(value) : undefined
  }

  const formatLine = (values) => {
    let used = 0
    let line = ''
    if (typeof values[0] === 'string' && values.length > 1) {
      const template = values[0]
      used = 1
      for (let index = 0; index < template.length; index += 1) {
        const letter = template[index + 1]
        const isDirective = template[index] === '%' && used < values.length
        const shown = !isDirective ? undefined : letter === '%' ? '%' : formatDirective(letter, values[used])
        if (shown === undefined) { line += template[index]; continue }
        line += shown
        index += 1
        if (letter !== '%') used += 1
      }
    }
    for (let index = used; index < values.length; index += 1) {
      line += (index === 0 ? '' : ' ') + formatValue(values[index])
    }
    return line
  }
`
