/**
 * The numbers of WASI preview 1 (`wasi_snapshot_preview1`), under the names of its specification, and
 * the shape of each of its calls. What nothing here uses is left out.
 */

export const WASI_MODULE = 'wasi_snapshot_preview1'

export const ERRNO = {
  success: 0,
  badf: 8,
  exist: 20,
  fault: 21,
  fbig: 22,
  ilseq: 25,
  inval: 28,
  isdir: 31,
  mfile: 33,
  nametoolong: 37,
  noent: 44,
  nospc: 51,
  nosys: 52,
  notdir: 54,
  notempty: 55,
  notsock: 57,
  notsup: 58,
  rofs: 69,
  spipe: 70,
  notcapable: 76
} as const

export type Errno = (typeof ERRNO)[keyof typeof ERRNO]

export const FILE_TYPE = { unknown: 0, directory: 3, regularFile: 4 } as const

export const CLOCK = { realtime: 0, monotonic: 1, processCpu: 2, threadCpu: 3 } as const

export const O_FLAG = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const

export const FD_FLAG = { append: 1 } as const
/** Those above and below are kept for a program that asks: append, dsync, nonblock, rsync, sync. */
export const FD_FLAGS_ALL = 0b1_1111

export const WHENCE = { set: 0, current: 1, end: 2 } as const

/** Which times a call sets, and to what. */
export const TIMES_FLAG = { access: 1, accessNow: 2, modified: 4, modifiedNow: 8 } as const

export const EVENT = { clock: 0, read: 1, write: 2 } as const

/** A subscription to a clock may name a moment instead of a span. */
export const CLOCK_ABSOLUTE = 1

/** Rights are a relic: only these two still decide anything, and programs expect all others to be there. */
export const RIGHT = { read: 1n << 1n, seek: 1n << 2n, tell: 1n << 5n, write: 1n << 6n } as const
export const RIGHTS_ALL: bigint = (1n << 30n) - 1n

/** Parameters of each call, `i` for i32 and `I` for i64. All give an i32 errno, but `proc_exit`, which gives nothing. */
export const WASI_PARAMETERS = {
  args_get: 'ii',
  args_sizes_get: 'ii',
  clock_res_get: 'ii',
  clock_time_get: 'iIi',
  environ_get: 'ii',
  environ_sizes_get: 'ii',
  fd_advise: 'iIIi',
  fd_allocate: 'iII',
  fd_close: 'i',
  fd_datasync: 'i',
  fd_fdstat_get: 'ii',
  fd_fdstat_set_flags: 'ii',
  fd_fdstat_set_rights: 'iII',
  fd_filestat_get: 'ii',
  fd_filestat_set_size: 'iI',
  fd_filestat_set_times: 'iIIi',
  fd_pread: 'iiiIi',
  fd_prestat_dir_name: 'iii',
  fd_prestat_get: 'ii',
  fd_pwrite: 'iiiIi',
  fd_read: 'iiii',
  fd_readdir: 'iiiIi',
  fd_renumber: 'ii',
  fd_seek: 'iIii',
  fd_sync: 'i',
  fd_tell: 'ii',
  fd_write: 'iiii',
  path_create_directory: 'iii',
  path_filestat_get: 'iiiii',
  path_filestat_set_times: 'iiiiIIi',
  path_link: 'iiiiiii',
  path_open: 'iiiiiIIii',
  path_readlink: 'iiiiii',
  path_remove_directory: 'iii',
  path_rename: 'iiiiii',
  path_symlink: 'iiiii',
  path_unlink_file: 'iii',
  poll_oneoff: 'iiii',
  proc_exit: 'i',
  proc_raise: 'i',
  random_get: 'ii',
  sched_yield: '',
  sock_accept: 'iii',
  sock_recv: 'iiiiii',
  sock_send: 'iiiii',
  sock_shutdown: 'ii'
} as const

export type WasiCallName = keyof typeof WASI_PARAMETERS

/** The types of a call's parameters, spelt out by its letters. */
type ParametersOf<Letters extends string> = Letters extends `i${infer Rest}`
  ? [number, ...ParametersOf<Rest>]
  : Letters extends `I${infer Rest}`
    ? [bigint, ...ParametersOf<Rest>]
    : []

export type WasiCalls = {
  [Name in WasiCallName]: (...args: ParametersOf<(typeof WASI_PARAMETERS)[Name]>) => Errno
}

/** The type of a call as the module guard spells types: parameters, `>`, results. */
export function signatureOf(name: string): string | undefined {
  if (!Object.hasOwn(WASI_PARAMETERS, name)) return undefined
  return `${WASI_PARAMETERS[name as WasiCallName]}>${name === 'proc_exit' ? '' : 'i'}`
}
