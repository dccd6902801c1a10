/**
 * The script of our own that runs inside the guest before any of the task's code: what a task finds
 * beside the language, the call of `main`, and the description of errors. It keeps the built-ins that it
 * needs in constants, so that a task which overwrites built-ins harms nobody but itself.
 */
import { CONSOLE_SOURCE } from './guest-console.ts'
import { FAULT_MESSAGE_LENGTH_MAX, PROGRESS_TEXT_LENGTH_MAX } from '../sandbox/messages.ts'
import { FORMAT_SOURCE } from './guest-format.ts'
import { RANDOM_BLOCK_BYTES } from './host-functions.ts'

/** The name under which the task's `main` is exported to us. */
export const MAIN_EXPORT = '__taskmeshMain'

/** A script whose value is a function of the host's functions (`host-functions.ts`) that yields `{call, describe}`. */
export const GUEST_GLUE = String.raw`((host) => {
  const { parse, stringify } = JSON
  const { apply, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect
  const { isArray } = Array
  const text = String
  const toNumber = Number
  const truncate = Math.trunc
  const slice = text.prototype.slice
  const ErrorClass = Error
  const TypeErrorClass = TypeError
  const cut = (value, length) => apply(slice, text(value), [0, length])
  ${FORMAT_SOURCE}
  ${CONSOLE_SOURCE}
  globalThis.progress = (ratio, note) => {
    if (typeof ratio !== 'number' || ratio !== ratio) {
      throw new TypeErrorClass('progress(ratio, text) needs a ratio from 0 to 1, not ' + typeName(ratio))
    }
    const bounded = ratio < 0 ? 0 : ratio > 1 ? 1 : ratio
    const line = note === undefined ? note : stringify(cut(note, ${PROGRESS_TEXT_LENGTH_MAX}))
    host.report(bounded, line)
  }
  globalThis.sleep = (ms) => {
    if (typeof ms !== 'number' || !(ms >= 0) || ms === Infinity) {
      throw new TypeErrorClass('sleep(ms) needs a number of milliseconds, not ' + typeName(ms))
    }
    host.wait(ms)
  }
  const typeName = (value) =>
    typeof value !== 'number' ? typeof value : value !== value ? 'NaN' : text(value)

  const Bytes = Uint8Array
  const ArrayBufferClass = ArrayBuffer
  const sliceBuffer = ArrayBufferClass.prototype.slice
  /* Before the host puts so many bytes into the guest's memory: it could not say that there is no room. */
  const makeRoom = (size) => { new ArrayBufferClass(size) }
  const take = (size) => {
    makeRoom(size)
    return parse(host.takePrepared())
  }
  const known = (path, name) => {
    const size = typeof path === 'string' ? host.fileSize(path) : -1
    if (size >= 0) return size
    const names = take(host.prepareNames())
    let list = ''
    for (let index = 0; index < names.length && index < 10; index += 1) {
      list += (index === 0 ? '' : ', ') + stringify(names[index])
    }
    const there = names.length === 0
      ? 'the task has no files; give it some with "files" or "inputs"'
      : 'the task has ' + list + (names.length > 10 ? ' and ' + (names.length - 10) + ' more' : '')
    const asked = typeof path === 'string' ? stringify(cut(path, 200)) : typeof path
    throw new ErrorClass('files.' + name + '(' + asked + '): there is no such file; ' + there)
  }
  globalThis.files = {
    names: () => take(host.prepareNames()),
    text: (path) => {
      known(path, 'text')
      const size = host.prepareText(path)
      if (size >= 0) return take(size)
      throw new ErrorClass('files.text(' + stringify(path) + '): it is not UTF-8; read it with files.bytes')
    },
    bytes: (path) => {
      makeRoom(known(path, 'bytes'))
      return new Bytes(host.readBytes(path))
    },
    write: (path, content) => {
      const isText = typeof content === 'string'
      if (typeof path !== 'string' || !(isText || content instanceof Bytes)) {
        throw new TypeErrorClass('files.write(path, content) needs a path, and text or a Uint8Array')
      }
      try {
        if (isText) host.writeText(path, stringify(content))
        else host.writeBytes(path, apply(sliceBuffer, content.buffer, [content.byteOffset, content.byteOffset + content.byteLength]))
      } catch (error) {
        throw new ErrorClass('files.write(' + stringify(cut(path, 200)) + '): ' + error.message)
      }
    }
  }

  const Ratios = Float64Array
  let drawn
  let drawnCount = ${RANDOM_BLOCK_BYTES / 8}
  const { random } = {
    random () {
      if (drawnCount === ${RANDOM_BLOCK_BYTES / 8}) {
        makeRoom(${RANDOM_BLOCK_BYTES})
        drawn = new Ratios(host.drawRandom())
        drawnCount = 0
      }
      drawnCount += 1
      return drawn[drawnCount - 1]
    }
  }
  Math.random = random

  const call = async (main, inputText) => {
    const value = await main(parse(inputText))
    if (value === undefined) return 'null'
    let output
    try { output = stringify(value) } catch (error) {
      if (!(error instanceof TypeErrorClass)) throw error
      throw new TypeErrorClass('the result of main is not JSON: ' + error.message)
    }
    if (output === undefined) {
      throw new TypeErrorClass('the result of main is not JSON: it is a ' + typeof value)
    }
    return output
  }
  const describe = (thrown) => {
    const isError = typeof thrown === 'object' && thrown !== null && 'message' in thrown
    return isError
      ? stringify({
          name: cut(thrown.name, 100),
          message: cut(thrown.message, ${FAULT_MESSAGE_LENGTH_MAX}),
          stack: cut(thrown.stack, 4000)
        })
      : stringify({ message: cut(formatValue(thrown), ${FAULT_MESSAGE_LENGTH_MAX}) })
  }
  return { call, describe }
})`
