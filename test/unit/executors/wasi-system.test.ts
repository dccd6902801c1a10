/** WASI's calls one by one, as the libraries of C, Rust and Go make them, where no real program looks closely. */
import { describe, expect, it } from 'vitest'
import { DeviceNode } from '../../../src/executors/wasi/nodes.ts'
import { ERRNO, EVENT, O_FLAG, TIMES_FLAG, WHENCE } from '../../../src/executors/wasi/abi.ts'
import { RIGHTS, ROOT_FD, WasiGuest } from '../../support/wasi-guest.ts'
import { inputDevice } from '../../../src/executors/wasm/guest-streams.ts'

const STAT = 4_096
const BUFFER = 16_384
const NONBLOCK = 4
const APPEND = 1
const MONOTONIC = 1
const EVENTS = 8_192

describe('fd_readdir', () => {
  it.each([40, 64, 1_000])('lists all in portions of %i bytes', (portionBytes) => {
    expect(names(withFiles(), ROOT_FD, portionBytes)).toEqual(['.', '..', 'a', 'bb', 'größe'])
  })

  it('goes on from a cookie, also on a descriptor that has listed nothing yet', () => {
    const guest = withFiles()
    expect(names(guest, ROOT_FD, 1_000, 3n)).toEqual(['bb', 'größe'])
    expect(names(guest, ROOT_FD, 1_000, 2n ** 64n - 1n)).toEqual([])
  })

  it('shows a folder as it was when the listing began, and anew from the start', () => {
    const guest = withFiles()
    guest.ask('fd_readdir', ROOT_FD, BUFFER, 40, 0n)
    guest.call('path_unlink_file', ROOT_FD, ...guest.text('bb'))
    expect(names(guest, ROOT_FD, 1_000, 3n)).toEqual(['bb', 'größe'])
    expect(names(guest, ROOT_FD, 1_000)).toEqual(['.', '..', 'a', 'größe'])
  })

  it('refuses what is no folder', () => {
    const guest = withFiles()
    const fd = guest.open('a', 0, RIGHTS.read)
    expect(guest.call('fd_readdir', fd, BUFFER, 100, 0n, STAT)).toBe(ERRNO.notdir)
  })
})

describe('flags of a descriptor', () => {
  it('are kept, and append changes where writes go', () => {
    const guest = new WasiGuest()
    const fd = guest.open('f', O_FLAG.create, RIGHTS.both, NONBLOCK)
    guest.call('fd_fdstat_get', fd, STAT)
    expect(guest.view.getUint16(STAT + 2, true)).toBe(NONBLOCK)
    guest.write(fd, 'abc')
    guest.call('fd_seek', fd, 0n, WHENCE.set, STAT)
    expect(guest.call('fd_fdstat_set_flags', fd, APPEND)).toBe(ERRNO.success)
    guest.write(fd, 'd')
    guest.call('fd_fdstat_set_flags', fd, 0)
    guest.call('fd_seek', fd, 0n, WHENCE.set, STAT)
    guest.write(fd, 'X')
    guest.call('fd_seek', fd, 0n, WHENCE.set, STAT)
    expect(guest.read(fd, 100)).toBe('Xbcd')
  })

  it('that nobody knows are refused', () => {
    const guest = new WasiGuest()
    expect(guest.call('path_open', ...guest.opening('f', 1, RIGHTS.read, 32), STAT)).toBe(
      ERRNO.inval
    )
    expect(guest.call('fd_fdstat_set_flags', 1, 32)).toBe(ERRNO.inval)
  })
})

describe('positions', () => {
  it('move by seek, read and write, and not by pread and pwrite', () => {
    const guest = new WasiGuest()
    const fd = guest.open('f', O_FLAG.create, RIGHTS.both)
    guest.write(fd, '0123456789')
    expect(guest.ask('fd_seek', fd, -4n, WHENCE.end)).toBe(6)
    expect(guest.read(fd, 2)).toBe('67')
    const [list, count] = guest.buffer(BUFFER, 3)
    expect(guest.ask('fd_pread', fd, list, count, 1n)).toBe(3)
    expect(Buffer.from(guest.bytes.subarray(BUFFER, BUFFER + 3)).toString()).toBe('123')
    expect(guest.ask('fd_pwrite', fd, list, count, 12n)).toBe(3)
    expect(guest.ask('fd_tell', fd)).toBe(8)
    expect(guest.ask('fd_seek', fd, 0n, WHENCE.end)).toBe(15)
    expect(guest.call('fd_seek', fd, -1n, WHENCE.set, STAT)).toBe(ERRNO.inval)
    expect(guest.call('fd_seek', fd, 0n, 3, STAT)).toBe(ERRNO.inval)
    expect(guest.call('fd_pread', fd, list, count, -1n, STAT)).toBe(ERRNO.inval)
  })

  it('are not for streams and folders', () => {
    const guest = new WasiGuest()
    expect(guest.call('fd_seek', 0, 0n, WHENCE.current, STAT)).toBe(ERRNO.spipe)
    expect(guest.call('fd_tell', 1, STAT)).toBe(ERRNO.spipe)
    expect(guest.call('fd_seek', ROOT_FD, 0n, WHENCE.current, STAT)).toBe(ERRNO.isdir)
    expect(guest.call('fd_pread', 0, ...guest.buffer(BUFFER, 1), 0n, STAT)).toBe(ERRNO.spipe)
  })
})

describe('a write larger than what is left', () => {
  it('of several buffers is cut where the room ends, and then refused', () => {
    const guest = new WasiGuest({ fileBytesMax: 10_000 })
    const fd = guest.open('f', O_FLAG.create, RIGHTS.write)
    for (let index = 0; index < 3; index += 1) {
      guest.view.setUint32(100 + 8 * index, BUFFER, true)
      guest.view.setUint32(104 + 8 * index, 4_000, true)
    }
    expect(guest.ask('fd_write', fd, 100, 3)).toBe(8_000)
    expect(guest.call('fd_write', fd, 100, 3, STAT)).toBe(ERRNO.nospc)
    expect(guest.system.files.lack).toBe('bytes')
  })
})

describe('times', () => {
  it('are set to a moment or to now, and not to both', () => {
    const guest = new WasiGuest()
    const fd = guest.open('f', O_FLAG.create, RIGHTS.write)
    const flags = TIMES_FLAG.access | TIMES_FLAG.modifiedNow
    expect(guest.call('fd_filestat_set_times', fd, 5n, 6n, flags)).toBe(ERRNO.success)
    guest.call('path_filestat_get', ROOT_FD, 0, ...guest.text('f'), STAT)
    expect(guest.view.getBigUint64(STAT + 40, true)).toBe(5n)
    expect(guest.view.getBigUint64(STAT + 48, true)).toBe(1_000_000_000n)
    expect(guest.call('fd_filestat_set_times', fd, 5n, 6n, 3)).toBe(ERRNO.inval)
    const path = [ROOT_FD, 0, ...guest.text('f'), 5n, 6n, TIMES_FLAG.modified]
    expect(guest.call('path_filestat_set_times', ...path)).toBe(ERRNO.success)
    guest.call('fd_filestat_get', fd, STAT)
    expect(guest.view.getBigUint64(STAT + 48, true)).toBe(6n)
  })
})

describe('descriptors', () => {
  it('move to a number that is open, and close what had it', () => {
    const guest = new WasiGuest()
    const one = guest.open('one', O_FLAG.create, RIGHTS.both)
    const two = guest.open('two', O_FLAG.create, RIGHTS.both)
    expect(guest.call('fd_renumber', one, two)).toBe(ERRNO.success)
    expect(guest.call('fd_close', one)).toBe(ERRNO.badf)
    guest.write(two, 'x')
    expect(guest.open('one', 0, RIGHTS.read)).toBe(one)
    expect(guest.read(one, 9)).toBe('x')
    expect(guest.call('fd_renumber', one, 99)).toBe(ERRNO.badf)
  })

  it('begin with three streams and one folder', () => {
    const guest = new WasiGuest()
    expect(guest.call('fd_prestat_get', ROOT_FD, STAT)).toBe(ERRNO.success)
    expect(guest.view.getUint32(STAT + 4, true)).toBe(1)
    expect(guest.call('fd_prestat_dir_name', ROOT_FD, STAT, 1)).toBe(ERRNO.success)
    expect(guest.bytes[STAT]).toBe('/'.charCodeAt(0))
    expect(guest.call('fd_prestat_get', 4, STAT)).toBe(ERRNO.badf)
    expect(guest.call('fd_prestat_get', 0, STAT)).toBe(ERRNO.badf)
  })
})

describe('links and sockets', () => {
  it('are there for nobody', () => {
    const guest = new WasiGuest()
    guest.system.files.place('f', Buffer.from('x'))
    const path = guest.text('f')
    expect(guest.call('path_symlink', ...path, ROOT_FD, ...guest.text('l'))).toBe(ERRNO.notsup)
    expect(guest.call('path_link', ROOT_FD, 0, ...path, ROOT_FD, ...guest.text('l'))).toBe(
      ERRNO.notsup
    )
    expect(guest.call('path_readlink', ROOT_FD, ...path, BUFFER, 9, STAT)).toBe(ERRNO.inval)
    expect(guest.call('sock_shutdown', 1, 3)).toBe(ERRNO.notsock)
    expect(guest.call('sock_accept', 99, 0, STAT)).toBe(ERRNO.badf)
    expect(guest.call('proc_raise', 6)).toBe(ERRNO.nosys)
    expect(guest.call('sched_yield')).toBe(ERRNO.success)
  })
})

describe('a folder that was removed', () => {
  it('takes nothing new, by making or by moving', () => {
    const guest = new WasiGuest({ filesMax: 3 })
    guest.call('path_create_directory', ROOT_FD, ...guest.text('d'))
    const fd = guest.open('d', O_FLAG.directory, RIGHTS.read)
    guest.open('f', O_FLAG.create, RIGHTS.read)
    guest.call('path_remove_directory', ROOT_FD, ...guest.text('d'))
    const inner = guest.text('x')
    expect(guest.call('path_create_directory', fd, ...inner)).toBe(ERRNO.noent)
    expect(guest.call('path_open', fd, 0, ...inner, O_FLAG.create, RIGHTS.write, 0n, 0, STAT)).toBe(
      ERRNO.noent
    )
    expect(guest.call('path_rename', ROOT_FD, ...guest.text('f'), fd, ...inner)).toBe(ERRNO.noent)
    expect(guest.system.files.root.entries.has('f')).toBe(true)
  })
})

describe('poll_oneoff', () => {
  it('waits for the nearest of several clocks', () => {
    const guest = new WasiGuest()
    subscribeClock(guest, 0, 9_000_000n)
    subscribeClock(guest, 1, 2_500_000n)
    expect(guest.ask('poll_oneoff', BUFFER, EVENTS, 2)).toBe(1)
    expect(guest.waits).toEqual([2.5])
    expect(guest.view.getBigUint64(EVENTS, true)).toBe(2n)
  })

  it('does not wait for a moment that has been', () => {
    const guest = new WasiGuest()
    guest.clock.advance(5)
    subscribeClock(guest, 0, 4_000_000n, true)
    expect(guest.ask('poll_oneoff', BUFFER, EVENTS, 1)).toBe(1)
    subscribeClock(guest, 0, 7_000_000n, true)
    guest.ask('poll_oneoff', BUFFER, EVENTS, 1)
    expect(guest.waits).toEqual([2])
  })

  it('finds streams and files ready at once, and says how much there is to read', () => {
    const guest = new WasiGuest({ stdin: inputDevice(Buffer.from('12345')) })
    guest.system.files.place('f', Buffer.from('123'))
    subscribeClock(guest, 0, 10n ** 12n)
    subscribe(guest, 1, EVENT.read, 0)
    subscribe(guest, 2, EVENT.write, 1)
    subscribe(guest, 3, EVENT.read, guest.open('f', 0, RIGHTS.read))
    subscribe(guest, 4, EVENT.read, 77)
    expect(guest.ask('poll_oneoff', BUFFER, EVENTS, 5)).toBe(4)
    expect(guest.waits).toEqual([])
    const told = [0, 1, 2, 3].map((index) => {
      const at = EVENTS + 32 * index
      return [guest.view.getUint16(at + 8, true), guest.view.getBigUint64(at + 16, true)]
    })
    expect(told).toEqual([
      [ERRNO.success, 5n],
      [ERRNO.success, 0n],
      [ERRNO.success, 3n],
      [ERRNO.badf, 0n]
    ])
  })

  it('refuses nothing to wait for, and clocks that are none', () => {
    const guest = new WasiGuest()
    expect(guest.call('poll_oneoff', BUFFER, EVENTS, 0, STAT)).toBe(ERRNO.inval)
    subscribeClock(guest, 0, 1n)
    guest.view.setUint32(BUFFER + 16, 9, true)
    expect(guest.call('poll_oneoff', BUFFER, EVENTS, 1, STAT)).toBe(ERRNO.inval)
  })
})

describe('clocks', () => {
  it('the time of day is the given one, the monotonic one is real', () => {
    const guest = new WasiGuest({ realtimeUs: () => 42 })
    guest.clock.advance(3)
    guest.call('clock_time_get', 0, 0n, STAT)
    expect(guest.view.getBigUint64(STAT, true)).toBe(42_000n)
    guest.call('clock_time_get', 1, 0n, STAT)
    expect(guest.view.getBigUint64(STAT, true)).toBe(3_000_000n)
    expect(guest.call('clock_res_get', 1, STAT)).toBe(ERRNO.success)
    expect(guest.view.getBigUint64(STAT, true)).toBe(1_000n)
    expect(guest.call('clock_res_get', 4, STAT)).toBe(ERRNO.inval)
  })
})

describe('the end', () => {
  it('has the exit code as programs mean it, and ends all further calls', () => {
    const guest = new WasiGuest()
    expect(() => guest.call('proc_exit', -1)).toThrow('exit code -1')
    expect(() => guest.call('sched_yield')).toThrow('exit code -1')
  })
})

it('a stream that nobody can read is one', () => {
  const guest = new WasiGuest({ stdout: new DeviceNode({}) })
  expect(guest.call('fd_read', 1, ...guest.buffer(BUFFER, 9), STAT)).toBe(ERRNO.badf)
  expect(guest.write(1, 'gone')).toBe(4)
})

/** Names in the order of their listing, read in portions of this size. */
function names(guest: WasiGuest, fd: number, portionBytes: number, from = 0n): string[] {
  const found: string[] = []
  for (let cookie = from; ;) {
    const used = guest.ask('fd_readdir', fd, BUFFER, portionBytes, cookie)
    let at = BUFFER
    while (at + 24 <= BUFFER + used) {
      const length = guest.view.getUint32(at + 16, true)
      if (at + 24 + length > BUFFER + used) break
      found.push(Buffer.from(guest.bytes.subarray(at + 24, at + 24 + length)).toString())
      cookie = guest.view.getBigUint64(at, true)
      at += 24 + length
    }
    if (used < portionBytes) return found
  }
}

function withFiles(): WasiGuest {
  const guest = new WasiGuest()
  for (const name of ['a', 'bb', 'größe']) guest.system.files.place(name, Buffer.from('x'))
  return guest
}

function subscribeClock(guest: WasiGuest, index: number, ns: bigint, isAbsolute = false): void {
  const at = BUFFER + 48 * index
  guest.view.setBigUint64(at, BigInt(index + 1), true)
  guest.bytes[at + 8] = EVENT.clock
  guest.view.setUint32(at + 16, MONOTONIC, true)
  guest.view.setBigUint64(at + 24, ns, true)
  guest.view.setUint16(at + 40, isAbsolute ? 1 : 0, true)
}

function subscribe(guest: WasiGuest, index: number, type: number, fd: number): void {
  const at = BUFFER + 48 * index
  guest.view.setBigUint64(at, BigInt(index + 1), true)
  guest.bytes[at + 8] = type
  guest.view.setUint32(at + 16, fd, true)
}
