/** Reads a container task as a worker may trust it; whether its image is allowed is for `container-images.ts` to say. Pure. */
import { MeshError } from '../../core/errors.ts'
import { WORK_FOLDER } from './container-arguments.ts'
import { readProcessTask } from '../process/process-task.ts'
import type { ContainerTask } from '../../model/generated/job.ts'
import type { ProcessRequest } from '../process/process-task.ts'

export interface ContainerRequest extends Omit<ProcessRequest, 'argv'> {
  /** As the owner wrote it. */
  image: string
  /** Undefined: what the image itself starts. */
  argv: ProcessRequest['argv'] | undefined
}

/** Images know nothing of the user that they are run as, and would give it the root folder as its home. */
const BASE_ENV = { HOME: WORK_FOLDER } as const

/** Variables are handed over in a file, one a line. */
// oxlint-disable-next-line no-control-regex -- What would end a line, or the file, is what it looks for.
const NOT_ONE_LINE = /[\r\n\0]/

/** @throws MeshError FIELD_INVALID */
export function readContainerTask({
  argv,
  engine: _engine,
  env = {},
  image,
  ...task
}: ContainerTask): ContainerRequest {
  for (const [name, value] of Object.entries(env)) {
    if (NOT_ONE_LINE.test(name) || NOT_ONE_LINE.test(value)) throw notOneLine(name)
  }
  // Whatever steers a loader is within the image's own walls, so that engine's rules on names don't hold here.
  const request = readProcessTask({ ...task, engine: 'process', argv: argv ?? [image] })
  return {
    ...request,
    image,
    argv: argv === undefined ? undefined : request.argv,
    env: { ...BASE_ENV, ...env }
  }
}

function notOneLine(name: string): MeshError {
  return new MeshError('FIELD_INVALID', `task.env.${name} has a line break or a NUL`, {
    path: `task.env.${name}`,
    hint: 'no container can be given one; pass it in a file',
    blame: 'job'
  })
}
