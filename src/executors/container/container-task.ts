/** Reads a container task as a worker may trust it; whether its image is allowed is for `container-images.ts` to say. Pure. */
import { checkTaskContent } from '../../model/task-content.ts'
import { WORK_FOLDER } from './container-arguments.ts'
import { readArguments, readContent } from '../process/process-task.ts'
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

/** @throws MeshError FIELD_INVALID */
export function readContainerTask(container: ContainerTask): ContainerRequest {
  checkTaskContent(container.engine, container, 'task')
  const { argv, env, image } = container
  return {
    ...readContent(container),
    image,
    argv: argv === undefined ? undefined : readArguments(argv),
    env: { ...BASE_ENV, ...env }
  }
}
