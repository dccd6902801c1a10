/** Reads a container task as a worker may trust it. Pure. */
import { MeshError } from '../../core/errors.ts'
import { readProcessTask } from '../process/process-task.ts'
import type { ContainerTask } from '../../model/generated/job.ts'
import type { ProcessRequest } from '../process/process-task.ts'

export interface ContainerRequest extends Omit<ProcessRequest, 'argv'> {
  /** As the owner wrote it. */
  image: string
  /** Undefined: what the image itself starts. */
  argv: ProcessRequest['argv'] | undefined
}

const DIGEST = /sha256:[0-9a-f]{64}$/

/**
 * @param allowed the owner's images
 * @throws MeshError OWNER_REFUSED, so that the task goes to a worker that allows it; FIELD_INVALID
 */
export function readContainerTask(
  { argv, engine: _engine, image, ...task }: ContainerTask,
  allowed: readonly string[]
): ContainerRequest {
  // A name says who made an image, a digest says what it is: that alone counts.
  const known = allowed.find((one) => digestOf(one) === digestOf(image))
  if (known === undefined) {
    throw new MeshError('OWNER_REFUSED', `the owner of this worker does not allow ${image}`, {
      path: 'task.image'
    })
  }
  const request = readProcessTask({ ...task, engine: 'process', argv: argv ?? ['image'] })
  for (const [name, value] of Object.entries(request.env)) {
    if (/[\r\n]/.test(value)) throw lineBreak(name)
  }
  return { ...request, image: known, argv: argv === undefined ? undefined : request.argv }
}

function digestOf(image: string): string | undefined {
  return DIGEST.exec(image)?.[0]
}

function lineBreak(name: string): MeshError {
  return new MeshError('FIELD_INVALID', `task.env.${name} has a line break`, {
    path: `task.env.${name}`,
    hint: 'no container can be given one; pass it in a file',
    blame: 'job'
  })
}
